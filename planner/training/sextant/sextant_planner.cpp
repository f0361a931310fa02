#include "planner/training/sextant/sextant_planner.h"

#include "planner/training/sextant/search.h"

namespace sextant {

namespace {

class SextantPlanner : public Planner {
 public:
  std::string_view name() const override { return "sextant"; }
  std::string_view description() const override {
    return "exact search over uneven stages, GPU types and tensor degrees, with a proved bound";
  }
  SearchResult search(const TrainingProblem& problem, const Estimator& judge,
                      const PlannerOptions& options) const override {
    return search::Search(problem, judge, options).run();
  }
};

}  // namespace

const Planner& sextant_planner() {
  static const SextantPlanner planner;
  return planner;
}

}  // namespace sextant
