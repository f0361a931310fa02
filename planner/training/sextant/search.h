#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "planner/training/planner.h"
#include "planner/training/sextant/archive.h"
#include "planner/training/sextant/candidate.h"
#include "planner/training/sextant/stage_search.h"
#include "planner/training/sextant/type_pipelines.h"

namespace sextant::search {

/// Branch and bound over candidates, best bound first. A candidate is looked into with a target a
/// little above its bound: either that finds plans, or its bound rises to the target. Rounds of
/// several candidates are searched at once, each with what was known before the round, so that the
/// answer does not depend on the number of threads.
class Search {
 public:
  /// References must outlive it; of that microbatch only where one is given. Throws Error(kUsage)
  /// where the judge has no separable view.
  Search(const TrainingProblem& problem, const Estimator& judge, const PlannerOptions& options,
         std::optional<int> microbatch = {});
  /// Does not say why there is no plan.
  SearchResult run();

 private:
  /// What looking into a candidate came to.
  struct Finding {
    std::vector<Candidate> open;  ///< what is left to look into
    std::vector<JudgedPlan> plans;
    double least_formula = std::numeric_limits<double>::infinity();
    /// Pipelines that the judge refused, or found worse than their formula, score no less.
    double refused = std::numeric_limits<double>::infinity();
    std::uint64_t evaluations = 0;
  };
  /// How a candidate is to be looked into.
  struct Task {
    Candidate candidate;
    std::size_t beam = 0;
    bool everywhere = false;  ///< without a target
    std::uint64_t budget = 0;
    bool survey = false;  ///< its best is wanted even where it is not better than the best so far
  };

  void build_scenarios(std::optional<int> microbatch);
  void judge_known_plans();
  void search();
  static std::vector<Candidate> of_each_size(const std::vector<Candidate>& candidates,
                                             bool of_each_grouping);
  void find_first_plans();
  std::vector<Candidate> survey(const std::vector<Candidate>& candidates, std::size_t most);
  void branch_and_bound();
  void improve_by_beams();
  void improve_locally();
  std::vector<int> microbatches() const;
  std::optional<QuickPlan> best_of(const TrainingProblem& part, int microbatch) const;
  std::vector<double> do_round(const std::vector<Task>& tasks);
  Finding look_into(const Task& task, SearchMemory& memory) const;
  void refine(const Candidate& candidate, CompletionBound& bound, Finding& finding) const;
  std::optional<JudgedPlan> judged(const Plan& plan) const;
  void keep(JudgedPlan plan);
  /// Candidates whose bound is no better are not looked into.
  double cut() const;
  bool stopped() const;
  double proved_bound() const;
  SearchResult result() const;

  const TrainingProblem& problem_;
  const Estimator& judge_;
  const PlannerOptions& options_;
  Goal goal_;       ///< the job's
  Goal room_goal_;  ///< with room for what the formula of an inexact view leaves out
  std::chrono::steady_clock::time_point start_;
  std::uint64_t budget_;
  std::uint64_t left_;
  unsigned threads_;

  std::vector<Grouping> groupings_;
  std::vector<Scenario> scenarios_;
  bool exact_ = true;
  std::vector<Candidate> open_;  ///< a heap, the least bound first
  std::vector<SearchMemory> memories_;

  Archive archive_;
  double least_formula_ = std::numeric_limits<double>::infinity();
  double refused_ = std::numeric_limits<double>::infinity();
  double first_plan_s_ = 0;
};

}  // namespace sextant::search
