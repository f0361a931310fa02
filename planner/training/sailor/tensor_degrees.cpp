#include "planner/training/sailor/tensor_degrees.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "planner/training/sailor/quirks.h"

namespace sextant::sailor_search {

namespace {

std::optional<int> smallest_that_fits(const LayerTables& tables, int type, int microbatch,
                                      LayerRange layers, int stages_behind) {
  for (const int tp : kTensorDegrees) {
    if (tables.fits(type, microbatch, tp, layers, stages_behind)) return tp;
  }
  return std::nullopt;
}

double compute_s(const PointTimes& times, LayerRange layers) {
  return std::accumulate(times.layer_s.begin() + layers.first, times.layer_s.begin() + layers.end,
                         0.0);
}

int fastest_worth_its_gpus(const LayerTables& tables, int type, int microbatch, LayerRange layers) {
  int best = 1;
  double best_s = 0;
  for (const int tp : kTensorDegrees) {
    const PointTimes* times = tables.times(type, microbatch, tp);
    if (times == nullptr) {
      if (tp == 1 && kUnmeasuredDegreeEndsClimb) break;
      continue;
    }
    const double seconds = compute_s(*times, layers);
    if (best_s > 0 && best_s / seconds < kSpeedupToClimb) break;
    best = tp;
    best_s = seconds;
  }
  return best;
}

}  // namespace

TensorDegrees tensor_degrees(const LayerTables& tables, int type_count, int microbatch,
                             const std::vector<LayerRange>& stages) {
  const int stage_count = static_cast<int>(stages.size());
  TensorDegrees degrees(static_cast<std::size_t>(type_count));
  for (int type = 0; type < type_count; ++type) {
    const bool climbs = type_count == 1 || type > 0 || !kFirstTypeKeepsSmallestDegree;
    std::vector<int>& of_type = degrees[static_cast<std::size_t>(type)];
    for (int stage = 0; stage < stage_count; ++stage) {
      const LayerRange layers = stages[static_cast<std::size_t>(stage)];
      std::optional<int> tp =
          smallest_that_fits(tables, type, microbatch, layers, stage_count - 1 - stage);
      if (tp && climbs)
        tp = std::max(*tp, fastest_worth_its_gpus(tables, type, microbatch, layers));
      if (!tp || tables.times(type, microbatch, *tp) == nullptr) {
        of_type.clear();
        break;
      }
      of_type.push_back(*tp);
    }
  }
  return degrees;
}

}  // namespace sextant::sailor_search
