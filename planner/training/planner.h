#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/core/error.h"
#include "analyzer/training/estimator.h"

namespace sextant {

struct PlannerOptions {
  /// Budget of the search, counted in evaluations of (partial) plans so that the answer depends on
  /// neither the machine nor the number of threads; 0 = the planner's own default.
  std::uint64_t max_evaluations = 0;
  /// Stops earlier; the result is then marked incomplete.
  std::optional<double> time_limit_s;
  /// At most so many at once; 0 = one a core. The answer is the same whatever their number.
  unsigned threads = 0;
  /// Plans to begin with: what of them the problem allows is judged first, and the answer is no
  /// worse. A baseline does not use them.
  std::vector<Plan> known_plans;
  /// Of planners that choose at random; each has one answer for a seed.
  std::uint64_t seed = 0;
};

/// What the published evaluation of a planner makes of a plan, where it judges that planner by a
/// simulator of its own.
struct PublishedJudgement {
  double iters_per_s = 0;
  bool fits = true;
  std::string_view by;  ///< for people: "simulator of operators"
};

/// A plan with what its planner believes of it.
struct Proposal {
  Plan plan;
  double believed_iteration_s = 0;
  double believed_usd_per_iter = 0;
  std::optional<PublishedJudgement> published = {};
};

struct SearchResult {
  std::vector<Proposal> proposals;  ///< best first, by the planner's own belief
  /// The best plan that was met of each other shape (microbatch, stages, GPU types), best first;
  /// each fits in memory and meets the job's bounds. Empty for planners that keep none.
  std::vector<Proposal> alternatives;
  /// What plans the search looks among, and so what the bounds are about; "" where it proves
  /// nothing.
  std::string space;
  /// No plan of the searched space is better than this under the estimator that judged; absent
  /// where the planner proves nothing.
  std::optional<double> bound_iters_per_s;
  std::optional<double> bound_usd_per_iter;
  std::optional<double> bound_gpus;
  bool complete = true;  ///< false: stopped by a budget, a limit or a signal
  std::uint64_t evaluations = 0;
  double first_plan_s = 0;  ///< from the start to the first plan
  /// Where there are no proposals: what binds and by how much.
  std::string infeasible_reason;
};

/// A search over plans. Stateless between calls.
class Planner {
 public:
  virtual ~Planner() = default;
  virtual std::string_view name() const = 0;
  virtual std::string_view description() const = 0;
  /// Whether the search looks for the best plan under `judge`; a baseline searches with its own
  /// cost model, and so has one answer for all judges.
  virtual bool uses_judge() const { return false; }
  /// Objective and constraints are those of problem.job.
  virtual SearchResult search(const TrainingProblem& problem, const Estimator& judge,
                              const PlannerOptions& options) const = 0;
};

/// All planners, in the order in which they are listed to people.
const std::vector<const Planner*>& planners();
/// Throws Error(kUsage) naming those there are.
const Planner& planner_named(std::string_view name);

/// A planner's answer as the estimator judges it.
struct PlannedJob {
  const Planner* planner = nullptr;
  const Estimator* estimator = nullptr;
  bool feasible = false;
  std::string reason;  ///< why it is infeasible
  /// What kind of failure that is: kBadInput where the planner needs a point or a link that the
  /// profile or the network lacks, kUsage where it cannot search for the judge.
  ErrorCode failure = ErrorCode::kInfeasible;
  Plan plan;
  Prediction prediction;
  int plans_rejected_oom = 0;         ///< better believed, but did not fit in memory
  int plans_rejected_constraint = 0;  ///< fitted, but missed a bound of the job
  int plans_not_judged = 0;           ///< the profile or the network lacks what they need
  std::string not_judged_reason;      ///< of the first of them
  std::optional<PublishedJudgement> published;
  SearchResult search;  ///< proposals emptied
  double search_s = 0;
};

/// Runs the search and walks its proposals in the planner's own order, as the published evaluation
/// does: the first that fits in memory and meets the job's bounds under `judge` is the answer.
/// Where the planner's input lacks something the answer is infeasible with that reason, so that a
/// comparison of several planners goes on; a proposal that the judge lacks something for is passed
/// over, and counted.
PlannedJob plan_job(const Planner& planner, const TrainingProblem& problem, const Estimator& judge,
                    const PlannerOptions& options);
/// The same under each of the judges. A planner that uses none searches once.
std::vector<PlannedJob> plan_job(const Planner& planner, const TrainingProblem& problem,
                                 const std::vector<const Estimator*>& judges,
                                 const PlannerOptions& options);

}  // namespace sextant
