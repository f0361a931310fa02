// Estimator `sailor`: the published simulator of Sailor (SOSP'25), quirks included, so that its
// figures can be compared. What it ignores: latency, overlap of communication with computation,
// NICs shared by tensor-parallel ranks, unequal microbatch counts, microbatches fewer than stages.
#include "analyzer/training/sailor.h"

#include "analyzer/training/sailor_model.h"

namespace sextant {

namespace {

class SailorEstimator : public Estimator {
 public:
  std::string_view name() const override { return "sailor"; }
  std::string_view description() const override {
    return "Sailor's published simulator (SOSP'25), quirks included";
  }
  Prediction predict(const TrainingProblem& problem, const Plan& plan) const override {
    return sailor::predict(problem, plan);
  }
  std::unique_ptr<SeparableCosts> separable(const TrainingProblem& problem,
                                            int microbatch) const override {
    return sailor::separable(problem, microbatch);
  }
};

}  // namespace

const Estimator& sailor_estimator() {
  static const SailorEstimator estimator;
  return estimator;
}

}  // namespace sextant
