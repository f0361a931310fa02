#include "planner/training/dtfm/genetic_search.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "analyzer/core/random.h"
#include "planner/training/dtfm/local_search.h"

namespace sextant::dtfm {

namespace {

// As Sailor's artifact sets them; the paper's own runs had 100 and 4900.
constexpr std::size_t kPopulation = 10;
constexpr int kGenerations = 40;
constexpr std::size_t kCrossoverPoints = 5;

/// A placement as the search handles it.
struct Genome {
  std::vector<int> order;         ///< of all devices, in which partitions list theirs
  std::vector<int> partition_of;  ///< by device
};

Genome random_genome(int devices, int partitions, Random& random) {
  Genome genome;
  genome.order.resize(static_cast<std::size_t>(devices));
  std::iota(genome.order.begin(), genome.order.end(), 0);
  for (std::size_t i = genome.order.size(); i > 1; --i) {
    std::swap(genome.order[i - 1], genome.order[random.below(i)]);
  }
  const std::size_t size = genome.order.size() / static_cast<std::size_t>(partitions);
  genome.partition_of.resize(genome.order.size());
  for (std::size_t i = 0; i < genome.order.size(); ++i) {
    genome.partition_of[static_cast<std::size_t>(genome.order[i])] = static_cast<int>(i / size);
  }
  return genome;
}

Placement placement_of(const Genome& genome, int partitions) {
  Placement placement(static_cast<std::size_t>(partitions));
  for (const int device : genome.order) {
    placement[static_cast<std::size_t>(genome.partition_of[static_cast<std::size_t>(device)])]
        .push_back(device);
  }
  return placement;
}

std::vector<int> partition_of_each(const Placement& placement, std::size_t devices) {
  std::vector<int> out(devices);
  for (std::size_t p = 0; p < placement.size(); ++p) {
    for (const int member : placement[p]) {
      out[static_cast<std::size_t>(member)] = static_cast<int>(p);
    }
  }
  return out;
}

/// Devices of partitions that became too large go, in order, to those that became too small.
Placement repaired(const std::vector<int>& partition_of, std::size_t partitions) {
  const std::size_t size = partition_of.size() / partitions;
  Placement placement(partitions);
  std::vector<int> surplus;
  for (std::size_t d = 0; d < partition_of.size(); ++d) {
    std::vector<int>& members = placement[static_cast<std::size_t>(partition_of[d])];
    (members.size() < size ? members : surplus).push_back(static_cast<int>(d));
  }
  auto next = surplus.begin();
  for (std::vector<int>& members : placement) {
    while (members.size() < size) members.push_back(*next++);
  }
  return placement;
}

/// The scores do not depend on the order, in which the child follows its first parent.
Genome child_of(const Devices& devices, const Genome& first, const Genome& second, int partitions,
                Random& random) {
  std::array<std::size_t, kCrossoverPoints> points{};
  for (std::size_t& point : points) point = random.below(first.order.size() + 1);
  std::sort(points.begin(), points.end());
  std::vector<int> crossed(first.order.size());
  for (std::size_t d = 0; d < crossed.size(); ++d) {
    const auto passed = std::upper_bound(points.begin(), points.end(), d) - points.begin();
    crossed[d] = (passed % 2 == 0 ? first : second).partition_of[d];
  }
  Placement placement = repaired(crossed, static_cast<std::size_t>(partitions));
  improve(devices, placement);
  return {first.order, partition_of_each(placement, crossed.size())};
}

struct Scored {
  Genome genome;
  Score score;
};

bool better(const Scored& a, const Scored& b) {
  return a.score.total_s() < b.score.total_s();
}

}  // namespace

Individual genetic_search(const Devices& devices, const Volumes& volumes, int partitions,
                          std::uint64_t seed, SearchBudget& budget) {
  Random random(seed);
  std::vector<Scored> population;
  const auto scored = [&](Genome genome) {
    budget.count();
    Score score = score_of(devices, volumes, placement_of(genome, partitions));
    return Scored{std::move(genome), std::move(score)};
  };
  while (population.size() < kPopulation && (population.empty() || !budget.spent())) {
    population.push_back(scored(random_genome(devices.count(), partitions, random)));
  }
  for (int generation = 0; generation < kGenerations && !budget.spent(); ++generation) {
    const std::size_t first = random.below(population.size());
    std::size_t second = random.below(population.size() - 1);
    if (second >= first) ++second;
    Scored child = scored(
        child_of(devices, population[first].genome, population[second].genome, partitions, random));
    Scored& worse = population[better(population[first], population[second]) ? second : first];
    // A child worse than both was meant to be dropped; the published code keeps it beside them.
    if (better(worse, child)) {
      population.push_back(std::move(child));
    } else {
      worse = std::move(child);
    }
  }
  Scored& best = *std::min_element(population.begin(), population.end(), better);
  return {placement_of(best.genome, partitions), std::move(best.score)};
}

}  // namespace sextant::dtfm
