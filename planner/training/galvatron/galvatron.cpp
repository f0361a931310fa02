// Planner `galvatron`: for every number of stages and microbatches a dynamic programme that gives
// each block of a stage its own data- and tensor-parallel degrees within the memory, as Sailor's
// artifact runs it: without sharded data parallelism and recomputation, one GPU type in one zone.
// Published quirks, kept: the microbatch is limited as if the tensor degree were 1, and the degrees
// of the first block stand for the whole plan.
#include "planner/training/galvatron/galvatron.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "analyzer/core/table.h"
#include "analyzer/plan/layer_split.h"
#include "planner/training/cluster_view.h"
#include "planner/training/galvatron/pipelines.h"
#include "planner/training/grid_plan.h"
#include "planner/training/published_objectives.h"
#include "planner/training/search_budget.h"

namespace sextant {

namespace galvatron {

namespace {

/// Microbatches, in sequences at tensor degree 1, that the tables are made for.
constexpr std::array kMicrobatches = {1, 2, 4};

std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

/// Whole nodes, as many as divide the batch; 0 where none do.
int usable_gpus(const GpuPool& pool, int global_batch) {
  const int of_node = std::min(pool.gpus_per_node, pool.count);
  int nodes = pool.count / of_node;
  while (nodes > 0 && global_batch % (nodes * of_node) != 0) --nodes;
  return nodes * of_node;
}

class Search {
 public:
  Search(const TrainingProblem& problem, const PlannerOptions& options)
      : budget_(options),
        problem_(problem),
        pool_(only_pool_seen(problem.cluster)),
        tables_(tables_for(problem, pool_, pool_.count)),
        space_{tables_, usable_gpus(pool_, problem.job.global_batch), problem.job.global_batch,
               memory_budget_mb(pool_)} {}

  SearchResult run() {
    if (space_.gpus == 0) {
      out_.infeasible_reason =
          fmt::format("no number of whole nodes of {} GPUs divides the batch of {} sequences",
                      std::min(pool_.gpus_per_node, pool_.count), problem_.job.global_batch);
      return out_;
    }
    for (const Strategy& strategy :
         strategies_of(space_, std::min(pool_.gpus_per_node, pool_.count))) {
      by_stages_[strategy.pp].push_back(strategy);
    }
    for (const int microbatches : numbers_of_microbatches()) {
      if (!try_microbatches(microbatches)) break;
    }
    out_.evaluations = budget_.evaluations();
    out_.complete = budget_.complete();
    std::stable_sort(choices_.begin(), choices_.end(),
                     [](const auto& a, const auto& b) { return a.iteration_s < b.iteration_s; });
    for (const PipelineChoice& choice : choices_) propose(choice);
    if (out_.proposals.empty()) out_.infeasible_reason = why_nothing();
    return out_;
  }

 private:
  /// Samples that the GPUs of a stage at tensor degree 1 share, by microbatch of `microbatches`.
  std::int64_t microbatch_at_tp1(int pp, std::int64_t microbatches) const {
    return ceil_div(std::int64_t{space_.global_batch} * pp, space_.gpus * microbatches);
  }

  /// The published loop tries 1 … B - 1 and keeps those that some number of stages makes from a
  /// microbatch of kMicrobatches; these are all it can keep.
  std::set<int> numbers_of_microbatches() const {
    std::set<int> out;
    for (const auto& [pp, strategies] : by_stages_) {
      for (const int size : kMicrobatches) {
        const std::int64_t number = microbatch_at_tp1(pp, size);
        if (number >= 1 && number < space_.global_batch) out.insert(static_cast<int>(number));
      }
    }
    return out;
  }

  /// Stage counts whose replicas get that many microbatches; none where one of those that could
  /// would need another microbatch than the tables are made for.
  std::vector<int> stage_counts(int microbatches) const {
    std::vector<int> out;
    for (const auto& [pp, strategies] : by_stages_) {
      if (std::int64_t{microbatches} * space_.gpus > std::int64_t{space_.global_batch} * pp)
        continue;
      const std::int64_t size = microbatch_at_tp1(pp, microbatches);
      if (std::find(kMicrobatches.begin(), kMicrobatches.end(), size) == kMicrobatches.end()) {
        return {};
      }
      if (microbatch_at_tp1(pp, size) == microbatches) out.push_back(pp);
    }
    return out;
  }

  /// False where the search is to stop.
  bool try_microbatches(int microbatches) {
    std::optional<PipelineChoice> best;
    for (const int pp : stage_counts(microbatches)) {
      if (budget_.spent()) return false;
      budget_.count();
      const auto choice = best_pipeline(space_, by_stages_.at(pp), microbatches, shortfall_);
      if (choice && (!best || choice->iteration_s < best->iteration_s)) best = choice;
    }
    if (best) choices_.push_back(*best);
    return true;
  }

  void propose(const PipelineChoice& choice) {
    const Strategy& strategy = choice.strategy;
    const int microbatch = space_.global_batch / (choice.microbatches * strategy.dp);
    // Nothing could judge a plan whose microbatch nobody profiled.
    if (problem_.profile.find(pool_.gpu, strategy.tp, microbatch) == nullptr ||
        !problem_.profile.memory.contains(strategy.tp)) {
      unprofiled_ = fmt::format("tensor degree {} and microbatch {}", strategy.tp, microbatch);
      return;
    }
    if (out_.proposals.empty()) out_.first_plan_s = budget_.elapsed_s();
    Proposal& proposal = out_.proposals.emplace_back();
    proposal.plan =
        grid_plan(problem_, microbatch,
                  split_evenly(problem_.profile.layer_count, strategy.pp, Remainder::kFirstStages),
                  strategy.dp, strategy.tp, pool_);
    proposal.believed_iteration_s = choice.iteration_s;
    proposal.believed_usd_per_iter =
        choice.iteration_s * space_.gpus * pool_.usd_per_hour / kSecondsPerHour;
  }

  std::string why_nothing() const {
    if (!out_.complete) return "the search was stopped before it found a plan";
    if (!unprofiled_.empty()) {
      return fmt::format("its plans need points that the profile of {} on {} lacks: {}",
                         problem_.profile.model, pool_.gpu, unprofiled_);
    }
    if (shortfall_) {
      return fmt::format(
          "no pipeline fits in the memory it allows itself: the roomiest needs {} of {}",
          format_gib(shortfall_->needed_mb * kBytesPerMb),
          format_gib(shortfall_->budget_mb * kBytesPerMb));
    }
    return fmt::format(
        "no number of microbatches cuts a batch of {} sequences on {} GPUs into "
        "microbatches of 1, 2 or 4",
        space_.global_batch, space_.gpus);
  }

  static constexpr double kSecondsPerHour = 3600;

  SearchBudget budget_;  // its clock runs while tables are read
  const TrainingProblem& problem_;
  const GpuPool& pool_;
  Tables tables_;
  SearchSpace space_;
  std::map<int, std::vector<Strategy>> by_stages_;
  std::vector<PipelineChoice> choices_;  ///< the best of each number of microbatches
  std::optional<Shortfall> shortfall_;
  std::string unprofiled_;
  SearchResult out_;
};

class GalvatronPlanner : public Planner {
 public:
  std::string_view name() const override { return "galvatron"; }
  std::string_view description() const override {
    return "Galvatron's published search (VLDB'23): parallel degrees by block, one GPU type in one "
           "zone";
  }
  SearchResult search(const TrainingProblem& problem, const Estimator&,
                      const PlannerOptions& options) const override {
    if (auto refused = refused_objective(problem.job)) return std::move(*refused);
    return Search(problem, options).run();
  }
};

}  // namespace

}  // namespace galvatron

const Planner& galvatron_planner() {
  static const galvatron::GalvatronPlanner planner;
  return planner;
}

}  // namespace sextant
