#include "planner/serving/sextant/interval_annealing.h"

#include <algorithm>
#include <cmath>

#include "planner/serving/sextant/annealing_schedule.h"

namespace sextant {
namespace {

/// Share of the slope in the score, as in ChainScore.
constexpr double kSlope = 0.1;

class IntervalSearch {
 public:
  IntervalSearch(const SearchInstance& instance, std::uint64_t seed)
      : instance_(instance), random_(seed), interval_flow_(instance) {}

  double score(const Placement& placement, double needed);
  double flow() const { return flow_; }
  void move(Placement& placement);
  double uniform() { return random_.uniform(); }

 private:
  int below(int bound) {
    return static_cast<int>(random_.below(static_cast<std::uint64_t>(bound)));
  }
  int some_boundary(const Placement& placement);
  void place_one(Placement& placement);
  void move_boundary(Placement& placement);
  void swap_two(Placement& placement);

  const SearchInstance& instance_;
  Random random_;
  IntervalFlow interval_flow_;
  std::vector<double> change_;  ///< of the layers' summed throughput, from each layer to the next
  double flow_ = 0;
};

double IntervalSearch::score(const Placement& placement, double needed) {
  flow_ = 0;
  change_.assign(static_cast<std::size_t>(instance_.layers) + 1, 0);
  for (std::size_t i = 0; i < placement.size(); ++i) {
    if (placement[i].empty()) continue;
    const double capacity = instance_.node_capacity(static_cast<int>(i), placement[i].layers());
    change_[static_cast<std::size_t>(placement[i].first)] += capacity;
    change_[static_cast<std::size_t>(placement[i].end)] -= capacity;
  }
  double least = instance_.bound * 4;
  double at_layer = 0;
  for (int layer = 0; layer < instance_.layers; ++layer) {
    at_layer += change_[static_cast<std::size_t>(layer)];
    least = std::min(least, at_layer);
  }
  if (least <= 1e-9 * instance_.bound) return ChainScore::kInfeasible;
  double sum = 0;
  at_layer = 0;
  for (int layer = 0; layer < instance_.layers; ++layer) {
    at_layer += change_[static_cast<std::size_t>(layer)];
    double ratio = least / at_layer;
    for (int squared = 0; squared < 4; ++squared) ratio *= ratio;
    sum += ratio;
  }
  const double slope = kSlope * least / std::sqrt(std::sqrt(std::sqrt(std::sqrt(sum))));
  if ((1 - kSlope) * least + slope < needed) return (1 - kSlope) * least + slope;
  flow_ = interval_flow_.flow(placement);
  return (1 - kSlope) * flow_ + slope;
}

int IntervalSearch::some_boundary(const Placement& placement) {
  const LayerInterval& other = placement[static_cast<std::size_t>(below(instance_.machines))];
  switch (below(8)) {
    case 0:
      return 0;
    case 1:
      return instance_.layers;
    default:
      return below(2) == 0 ? other.first : other.end;
  }
}

void IntervalSearch::place_one(Placement& placement) {
  const int machine = below(instance_.machines);
  const int most = instance_.max_layers[static_cast<std::size_t>(machine)];
  if (most < 1) return;
  LayerInterval& held = placement[static_cast<std::size_t>(machine)];
  if (below(24) == 0) {
    held = {};
    return;
  }
  // One end where another machine's is, the other likewise or free.
  const int one = some_boundary(placement);
  int other = below(2) == 0 ? some_boundary(placement) : one - most + below(2 * most + 1);
  other = std::clamp(other, std::max(0, one - most), std::min(instance_.layers, one + most));
  if (one == other) return;
  held = {std::min(one, other), std::max(one, other)};
}

/// All that begins or ends at a layer begins or ends some layers on.
void IntervalSearch::move_boundary(Placement& placement) {
  const int from = some_boundary(placement);
  const int to = from + (below(2) == 0 ? 1 + below(2) : -1 - below(2));
  if (from == 0 || from == instance_.layers || to <= 0 || to >= instance_.layers) return;
  for (std::size_t i = 0; i < placement.size(); ++i) {
    LayerInterval& held = placement[i];
    if (held.empty()) continue;
    if (held.first == from) held.first = to;
    if (held.end == from) held.end = to;
    if (held.empty()) held = {};
    if (held.layers() > instance_.max_layers[i]) {
      held = {held.first, held.first + instance_.max_layers[i]};
    }
  }
}

void IntervalSearch::swap_two(Placement& placement) {
  const auto one = static_cast<std::size_t>(below(instance_.machines));
  const auto other = static_cast<std::size_t>(below(instance_.machines));
  if (placement[one].layers() > instance_.max_layers[other] ||
      placement[other].layers() > instance_.max_layers[one]) {
    return;
  }
  std::swap(placement[one], placement[other]);
}

void IntervalSearch::move(Placement& placement) {
  switch (below(8)) {
    case 0:
    case 1:
      return swap_two(placement);
    case 2:
      return move_boundary(placement);
    case 3:
      place_one(placement);
      [[fallthrough]];
    default:
      return place_one(placement);
  }
}

}  // namespace

FlowPlacement anneal_intervals(const SearchInstance& instance, const Placement& start,
                               const ChainAnnealingOptions& options) {
  constexpr std::int64_t kPollEvery = 1024;
  IntervalSearch search(instance, options.seed);
  Placement placement = start;
  double score = search.score(placement, ChainScore::kInfeasible);
  FlowPlacement best{start, search.flow(), 0, true};
  Placement tried;
  AnnealingSchedule schedule(options, instance.bound, kPollEvery);
  const double met = instance.bound * (1 - 1e-10);
  while (best.flow_tokens_per_s < met && schedule.goes_on(best.evaluations, best.complete)) {
    ++best.evaluations;
    tried = placement;
    search.move(tried);
    const double needed = schedule.needed(score, search.uniform());
    const double found = search.score(tried, needed);
    if (found < needed) continue;
    std::swap(placement, tried);
    score = found;
    if (search.flow() > best.flow_tokens_per_s) {
      best.flow_tokens_per_s = search.flow();
      best.placement = placement;
    }
  }
  return best;
}

}  // namespace sextant
