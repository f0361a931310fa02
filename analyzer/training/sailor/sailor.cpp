// Estimator `sailor`: the published simulator of Sailor (SOSP'25), quirks included, so that its
// figures can be compared.
#include "analyzer/training/sailor/sailor.h"

#include "analyzer/training/sailor/model.h"

namespace sextant {

namespace {

/// 4.76e9 + 0.3e9 bytes in the artifact's reported footprint, at every tensor degree (§c.3).
constexpr double kReportedAllowanceBytes = 5.06e9;

class SailorEstimator : public Estimator {
 public:
  std::string_view name() const override { return "sailor"; }
  std::string_view description() const override {
    return "Sailor's published simulator (SOSP'25), quirks included";
  }
  std::string_view ignores() const override {
    return "latency, overlap of communication with computation, NICs shared by tensor-parallel "
           "ranks, unequal microbatch counts";
  }
  Prediction predict(const TrainingProblem& problem, const Plan& plan) const override {
    return sailor::predict(problem, plan);
  }
  std::unique_ptr<SeparableCosts> separable(const TrainingProblem& problem,
                                            const PlanSettings& settings) const override {
    // The published model knows one schedule, and neither sharded state nor recomputation.
    if (!(settings == PlanSettings{settings.microbatch})) return nullptr;
    return sailor::separable(problem, settings.microbatch);
  }
};

}  // namespace

const Estimator& sailor_estimator() {
  static const SailorEstimator estimator;
  return estimator;
}

double sailor_reported_memory(const TrainingProblem& problem, const Plan& plan) {
  return sailor::predict(problem, plan, {.allowance = kReportedAllowanceBytes}).peak_memory_bytes;
}

Prediction sailor_prediction_listed_by_gpu(const TrainingProblem& problem, const Plan& plan) {
  return sailor::predict(problem, plan, {.drops_compute_of_tensor_parallel_replicas = true});
}

}  // namespace sextant
