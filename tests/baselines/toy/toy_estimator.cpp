// A model of a published tool as anyone may add one: a folder and a line of the registry.
#include "analyzer/training/estimator.h"
#include "analyzer/training/gpu_usd.h"

namespace sextant {

namespace {

/// A second a sequence, divided among all GPUs.
class ToyEstimator : public Estimator {
 public:
  std::string_view name() const override { return "toy"; }
  std::string_view description() const override { return "a second a sequence"; }
  std::string_view ignores() const override { return "everything else"; }
  bool models_memory() const override { return false; }
  Prediction predict(const TrainingProblem& problem, const Plan& plan) const override {
    Prediction out;
    out.iteration_s = static_cast<double>(plan.global_batch) / gpu_count(plan);
    out.compute_usd = gpu_usd(problem.cluster, plan, out.iteration_s);
    return out;
  }
};

}  // namespace

const Estimator& toy_estimator() {
  static const ToyEstimator estimator;
  return estimator;
}

}  // namespace sextant
