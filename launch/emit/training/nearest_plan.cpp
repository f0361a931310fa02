#include "launch/emit/training/nearest_plan.h"

namespace sextant {

std::optional<NearestPlan> nearest_plan(const LaunchTarget&, const LaunchJob&, const TrainingInput&,
                                        const Estimator&) {
  return std::nullopt;
}

}  // namespace sextant
