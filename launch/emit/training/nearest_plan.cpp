#include "launch/emit/training/nearest_plan.h"

namespace sextant {

std::optional<NearestPlan> nearest_plan(const LaunchTarget&, const PlannedJob&,
                                        const TrainingInput&, const Estimator&) {
  return std::nullopt;
}

}  // namespace sextant
