#include "planner/training/sextant/sextant_planner.h"

#include "analyzer/core/interrupt.h"
#include "planner/training/diagnosis.h"
#include "planner/training/sextant/search.h"

namespace sextant {

namespace {

class SextantPlanner : public Planner {
 public:
  std::string_view name() const override { return "sextant"; }
  bool uses_judge() const override { return true; }
  std::string_view description() const override {
    return "exact search over uneven stages, GPU types and tensor degrees, with a proved bound";
  }
  SearchResult search(const TrainingProblem& problem, const Estimator& judge,
                      const PlannerOptions& options) const override {
    const auto core = [&](const TrainingProblem& any, const PlannerOptions& limits) {
      return search::Search(any, judge, limits).run();
    };
    SearchResult result = core(problem, options);
    // Who set a time limit does not wait for reasons.
    if (result.proposals.empty() && !options.time_limit_s && !interrupted()) {
      result.infeasible_reason = why_no_plan(core, problem, judge, options, result.complete);
    }
    return result;
  }
};

}  // namespace

const Planner& sextant_planner() {
  static const SextantPlanner planner;
  return planner;
}

}  // namespace sextant
