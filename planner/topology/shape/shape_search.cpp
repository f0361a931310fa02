#include "planner/topology/shape/shape_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <queue>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "planner/topology/shape/shape_space.h"
#include "planner/topology/shape/step_bound.h"

namespace sextant {

namespace {

using shapes::SizedNetworks;
using shapes::StepBound;

constexpr double kEqual = 1e-9;  ///< relative, of objectives and costs
constexpr std::size_t kMostGroups = 6;
constexpr std::size_t kMostTiers = kMostTopologyDimensions;

/// The NPUs that the groups make up.
int check(const ShapeProblem& problem) {
  const auto refuse = [](const std::string& what) { throw_bad_input("shape search: " + what); };
  if (!std::isfinite(problem.total_bytes_per_s) || problem.total_bytes_per_s <= 0) {
    refuse(fmt::format("a budget of {:g} GB/s; expected more than 0",
                       problem.total_bytes_per_s / 1e9));
  }
  if (problem.tiers.empty() || problem.tiers.size() > kMostTiers) {
    refuse(fmt::format("{} tiers; expected 1 to {}", problem.tiers.size(), kMostTiers));
  }
  if (problem.most_dimensions < 1 || problem.most_dimensions > kMostTopologyDimensions) {
    refuse(fmt::format("at most {} dimensions; expected 1 to {}", problem.most_dimensions,
                       kMostTopologyDimensions));
  }
  for (const ShapeTier& tier : problem.tiers) {
    if (tier.most_npus < 0 || tier.most_npus == 1) {
      refuse(fmt::format("tier {} of at most {} NPUs; expected at least 2", quote(tier.name),
                         tier.most_npus));
    }
    if (tier.blocks.empty()) refuse(fmt::format("tier {} has no blocks", quote(tier.name)));
    if (tier.most_bytes_per_s && !(*tier.most_bytes_per_s > 0)) {
      refuse(fmt::format("tier {} of at most {:g} GB/s; expected more than 0", quote(tier.name),
                         *tier.most_bytes_per_s / 1e9));
    }
  }
  if (problem.keep < 1) refuse("none of the best is asked for");
  if (problem.groups.empty() || problem.groups.size() > kMostGroups) {
    refuse(fmt::format("{} groups; expected 1 to {}", problem.groups.size(), kMostGroups));
  }
  long long npus = 1;
  for (const ParallelGroup& group : problem.groups) {
    if (group.npus < 1) refuse(fmt::format("group {} has no NPUs", quote(group.name)));
    npus = std::min<long long>(npus * group.npus, kMostTopologyNpus + 1LL);
  }
  if (npus < 2 || npus > kMostTopologyNpus) {
    refuse(fmt::format("the groups make up {} NPUs; expected 2 to {}", npus, kMostTopologyNpus));
  }
  return static_cast<int>(npus);
}

/// The cheapest block of a tier, and its price.
struct PricedBlock {
  BuildingBlock block = BuildingBlock::kRing;
  double usd_per_byte_per_s = std::numeric_limits<double>::infinity();
};

PricedBlock cheapest_block(const ShapeProblem& problem, const ShapeTier& tier, int npus) {
  const auto price = problem.prices.find(tier.name);
  const bool has_switches = price != problem.prices.end() && price->second.switch_port;
  PricedBlock cheapest;
  for (const BuildingBlock block : tier.blocks) {
    if (block == BuildingBlock::kSwitch && !has_switches && tier.blocks.size() > 1) continue;
    const Topology alone = {"shape search", {{npus, block, tier.name}}};
    const double usd = usd_per_byte_per_s(alone, problem.prices, problem.convention).front();
    if (usd < cheapest.usd_per_byte_per_s) cheapest = {block, usd};
  }
  return cheapest;
}

/// One shape of the space.
struct Candidate {
  const SizedNetworks* networks = nullptr;
  std::size_t tiers = 0;    ///< of networks->tiers
  std::size_t mapping = 0;  ///< of networks->mappings
  std::size_t rank = 0;     ///< in the order of the space
  double bound = 0;
};

struct Evaluated {
  Candidate candidate;
  BandwidthDivision division;
};

class Search {
 public:
  explicit Search(const ShapeProblem& problem) : problem_(problem), npus_(check(problem)) {
    for (const ShapeTier& tier : problem.tiers) {
      blocks_.push_back(cheapest_block(problem, tier, npus_));
    }
  }

  ShapeSearch run() {
    const std::vector<SizedNetworks> space = shapes::shape_space(problem_, npus_);
    const std::vector<Candidate> candidates = bounded(space);
    ShapeSearch result;
    result.lower_bound = std::numeric_limits<double>::infinity();
    std::vector<Evaluated> evaluated;
    std::priority_queue<double> best;  // objectives of the best so far, the worst on top
    for (const Candidate& candidate : candidates) {
      const bool full = best.size() == problem_.keep;
      if (full && candidate.bound > best.top() * (1 + 2 * kEqual)) break;
      evaluated.push_back({candidate, divide(candidate)});
      result.lower_bound = std::min(result.lower_bound, evaluated.back().division.lower_bound);
      best.push(evaluated.back().division.objective);
      if (full) best.pop();
    }
    result.evaluated = evaluated.size();
    result.pruned = candidates.size() - evaluated.size();
    rank(evaluated);
    if (evaluated.size() > problem_.keep) evaluated.resize(problem_.keep);
    for (Evaluated& shape : evaluated) {
      result.best.push_back(
          {topology_of(shape.candidate), mapping_of(shape.candidate), std::move(shape.division)});
    }
    return result;
  }

 private:
  /// By their lower bounds.
  std::vector<Candidate> bounded(const std::vector<SizedNetworks>& space) const {
    std::vector<Candidate> candidates;
    for (const SizedNetworks& networks : space) {
      std::vector<StepBound> bounds;
      for (const std::vector<GroupShape>& mapping : networks.mappings) {
        bounds.emplace_back(problem_.time(mapping), problem_.total_bytes_per_s);
      }
      for (std::size_t t = 0; t < networks.tiers.size(); ++t) {
        const std::vector<double> usd = usd_of(networks.tiers[t]);
        std::vector<double> limits;
        for (const std::size_t tier : networks.tiers[t]) {
          limits.push_back(shapes::most_bytes_per_s(problem_.tiers[tier]));
        }
        for (std::size_t m = 0; m < bounds.size(); ++m) {
          const double bound = problem_.target == BandwidthTarget::kTime
                                   ? bounds[m].seconds()
                                   : bounds[m].seconds_times_usd(usd, limits);
          candidates.push_back({&networks, t, m, candidates.size(), bound});
        }
      }
    }
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Candidate& a, const Candidate& b) { return a.bound < b.bound; });
    return candidates;
  }

  BandwidthDivision divide(const Candidate& candidate) const {
    const std::vector<std::size_t>& tiers = candidate.networks->tiers[candidate.tiers];
    BandwidthProblem problem;
    problem.time = problem_.time(mapping_of(candidate));
    problem.usd_per_byte_per_s = usd_of(tiers);
    problem.target = problem_.target;
    problem.constraints.push_back(total_budget(tiers.size(), problem_.total_bytes_per_s));
    for (std::size_t d = 0; d < tiers.size(); ++d) {
      const ShapeTier& tier = problem_.tiers[tiers[d]];
      if (!(shapes::most_bytes_per_s(tier) < problem_.total_bytes_per_s)) continue;
      BandwidthConstraint limit = {"limit of tier " + tier.name,
                                   std::vector<double>(tiers.size(), 0),
                                   BandwidthConstraint::Relation::kAtMost, *tier.most_bytes_per_s};
      limit.coefficients[d] = 1;
      problem.constraints.push_back(std::move(limit));
    }
    try {
      return divide_bandwidth(problem);
    } catch (Error& error) {
      throw std::move(error.in("dividing bandwidth over " + topology_of(candidate).describe()));
    }
  }

  std::vector<double> usd_of(const std::vector<std::size_t>& tiers) const {
    std::vector<double> usd;
    for (const std::size_t tier : tiers) usd.push_back(blocks_[tier].usd_per_byte_per_s);
    return usd;
  }

  static const std::vector<GroupShape>& mapping_of(const Candidate& candidate) {
    return candidate.networks->mappings[candidate.mapping];
  }

  Topology topology_of(const Candidate& candidate) const {
    const SizedNetworks& networks = *candidate.networks;
    Topology topology;
    topology.name = fmt::format("{}", fmt::join(networks.sizes, "x"));
    for (std::size_t d = 0; d < networks.sizes.size(); ++d) {
      const std::size_t tier = networks.tiers[candidate.tiers][d];
      topology.dimensions.push_back(
          {networks.sizes[d], blocks_[tier].block, problem_.tiers[tier].name});
    }
    return topology;
  }

  /// By objective, those that are equal by cost, and those by their place in the space.
  static void rank(std::vector<Evaluated>& shapes) {
    const auto objective = [](const Evaluated& shape) { return shape.division.objective; };
    const auto cost = [](const Evaluated& shape) { return shape.division.cost_usd; };
    const auto place = [](const Evaluated& a, const Evaluated& b) {
      return a.candidate.rank < b.candidate.rank;
    };
    for_each_tie(shapes.begin(), shapes.end(), objective, [&](auto first, auto last) {
      for_each_tie(first, last, cost, [&](auto from, auto to) { std::sort(from, to, place); });
    });
  }

  /// Sorts by a key and calls `each` with the ranges whose keys equal their least.
  template <typename Iterator, typename Key, typename Each>
  static void for_each_tie(Iterator first, Iterator last, Key key, Each each) {
    std::sort(first, last, [&](const Evaluated& a, const Evaluated& b) { return key(a) < key(b); });
    while (first != last) {
      const double most = key(*first) * (1 + kEqual);
      const Iterator end =
          std::find_if(first, last, [&](const Evaluated& shape) { return key(shape) > most; });
      each(first, end);
      first = end;
    }
  }

  const ShapeProblem& problem_;
  int npus_;
  std::vector<PricedBlock> blocks_;  ///< by tier
};

}  // namespace

ShapeSearch search_shape(const ShapeProblem& problem) {
  return Search(problem).run();
}

}  // namespace sextant
