// Planner `atlas`: every number of stages, microbatch and data-parallel degree with whole nodes as
// tensor-parallel groups, placed region by region, each judged by Sailor's own simulator.
#include "planner/training/atlas/atlas.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "analyzer/plan/layer_split.h"
#include "analyzer/training/sailor/sailor.h"
#include "planner/training/atlas/placement.h"
#include "planner/training/cluster_view.h"
#include "planner/training/published_objectives.h"
#include "planner/training/search_budget.h"

namespace sextant {

namespace atlas {

namespace {

constexpr std::array kMicrobatches = {1, 2, 4, 8};

/// The default budget: some thousand GPUs.
constexpr std::uint64_t kMostEvaluations = 50'000;

/// Plans name every replica. A list that would hold more of them than this is cut; the published
/// rows hold less than half of it.
constexpr std::size_t kMostReplicasListed = 1'000'000;

struct Candidate {
  int stages = 0;
  int microbatch = 0;
  int replicas = 0;
  double seconds = 0;
  double usd = 0;
};

class Search {
 public:
  Search(const TrainingProblem& problem, const PlannerOptions& options)
      : problem_(problem),
        tp_(only_pool_seen(problem.cluster).gpus_per_node),
        gpu_(only_pool_seen(problem.cluster).gpu),
        site_(problem.cluster, tp_),
        budget_(options, kMostEvaluations) {}

  SearchResult run() {
    if (site_.room(1) == 0) {
      out_.infeasible_reason = fmt::format(
          "its tensor-parallel groups are whole nodes of {} GPUs, and no zone has one", tp_);
      return out_;
    }
    find_microbatches();
    // The published bound: pipelines of one layer a stage are left out.
    const int most_stages = std::min(problem_.profile.layer_count - 1, site_.room(1));
    for (int stages = 1; stages <= most_stages && budget_.complete(); ++stages) try_stages(stages);
    out_.evaluations = budget_.evaluations();
    out_.complete = budget_.complete();
    if (candidates_.empty() && !unpriced_.empty()) throw_bad_input(unpriced_);
    list();
    if (out_.proposals.empty()) out_.infeasible_reason = why_nothing();
    return out_;
  }

 private:
  void find_microbatches() {
    for (const int microbatch : kMicrobatches) {
      if (problem_.profile.find(gpu_, tp_, microbatch) != nullptr) {
        microbatches_.push_back(microbatch);
      }
    }
    if (microbatches_.empty() || !problem_.profile.memory.contains(tp_)) {
      throw_bad_input(fmt::format(
          "planner atlas: makes whole nodes of {} GPUs its tensor-parallel groups, and the profile "
          "of {} has no microbatch of 1, 2, 4 or 8 at that degree on {}",
          tp_, quote(problem_.profile.model), quote(gpu_)));
    }
  }

  void try_stages(int stages) {
    for (const int microbatch : microbatches_) {
      if (!fits(stages, microbatch)) return;  // nor do larger ones
      const int most = problem_.job.global_batch / microbatch - 1;
      // The more replicas a stage has, the fewer stages there is room for.
      for (int replicas = 1; replicas <= most && site_.room(replicas) >= stages; ++replicas) {
        if (budget_.spent()) return;
        try_placement(stages, microbatch, replicas);
      }
    }
  }

  void try_placement(int stages, int microbatch, int replicas) {
    budget_.count();
    priced([&] {
      const Prediction prediction =
          sailor_estimator().predict(problem_, plan_of(stages, microbatch, replicas));
      if (candidates_.empty()) out_.first_plan_s = budget_.elapsed_s();
      candidates_.push_back(
          {stages, microbatch, replicas, prediction.iteration_s, prediction.usd_per_iter()});
    });
  }

  /// Whether the model knows all that `act` asks of it: a link that nobody knows rules out the
  /// placements that need it, and no others.
  template <typename Act>
  bool priced(const Act& act) {
    try {
      act();
      return true;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kBadInput) throw;
      if (unpriced_.empty()) unpriced_ = error.what();
      return false;
    }
  }

  /// By the footprint that Sailor reports, which allows more for the framework than its fit check;
  /// it does not depend on the number of replicas.
  bool fits(int stages, int microbatch) {
    double bytes = 0;
    if (!priced(
            [&] { bytes = sailor_reported_memory(problem_, plan_of(stages, microbatch, 1)); })) {
      return false;
    }
    double capacity = only_pool_seen(problem_.cluster).memory_bytes;
    for (const GpuPool& pool : problem_.cluster.pools) {
      if (pool.gpu == gpu_ && pool.count > 0) capacity = std::min(capacity, pool.memory_bytes);
    }
    if (bytes <= capacity) return true;
    if (least_excess_.empty() || bytes - capacity < least_excess_bytes_) {
      least_excess_bytes_ = bytes - capacity;
      least_excess_ = fmt::format("{} stages of microbatch {} need {} of {}", stages, microbatch,
                                  format_gib(bytes), format_gib(capacity));
    }
    return false;
  }

  Plan plan_of(int stages, int microbatch, int replicas) const {
    Plan plan;
    plan.model = problem_.profile.model;
    plan.layer_count = problem_.profile.layer_count;
    plan.global_batch = problem_.job.global_batch;
    plan.microbatch = microbatch;
    const std::vector<LayerRange> split =
        split_evenly(plan.layer_count, stages, Remainder::kLastStages);
    const std::vector<StagePlaces> places = site_.place(stages, replicas).value();
    Pipeline& pipeline = plan.pipelines.emplace_back();
    for (std::size_t s = 0; s < split.size(); ++s) {
      Stage& stage = pipeline.stages.emplace_back();
      stage.chunks = {split[s]};
      for (const PoolShare& share : places[s]) {
        stage.replicas.insert(
            stage.replicas.end(), static_cast<std::size_t>(share.replicas),
            Replica{{Machine{share.pool->gpu, share.pool->zone, -1, tp_}}, tp_, 0});
      }
    }
    return plan;
  }

  /// Best first; ties in the order of the search.
  void list() {
    const bool by_cost = problem_.job.objective == Objective::kCost;
    std::stable_sort(candidates_.begin(), candidates_.end(),
                     [by_cost](const Candidate& a, const Candidate& b) {
                       return by_cost ? a.usd < b.usd : a.seconds < b.seconds;
                     });
    std::size_t listed = 0;
    for (const Candidate& candidate : candidates_) {
      out_.proposals.push_back({plan_of(candidate.stages, candidate.microbatch, candidate.replicas),
                                candidate.seconds, candidate.usd});
      listed +=
          static_cast<std::size_t>(candidate.stages) * static_cast<std::size_t>(candidate.replicas);
      if (listed > kMostReplicasListed) break;
    }
  }

  std::string why_nothing() const {
    if (!out_.complete) return "the search was stopped before it found a plan";
    if (!least_excess_.empty()) return "no plan fits in memory: " + least_excess_;
    return fmt::format(
        "a batch of {} sequences leaves no replica more than one microbatch of those profiled",
        problem_.job.global_batch);
  }

  const TrainingProblem& problem_;
  int tp_;
  std::string gpu_;
  Site site_;
  SearchBudget budget_;
  std::vector<int> microbatches_;
  std::vector<Candidate> candidates_;
  std::string unpriced_;  ///< why the model refused the first placement that it refused
  std::string least_excess_;
  double least_excess_bytes_ = 0;
  SearchResult out_;
};

class AtlasPlanner : public Planner {
 public:
  std::string_view name() const override { return "atlas"; }
  std::string_view description() const override {
    return "Atlas (arXiv:2411.14458) as Sailor's authors wrote it: stages from region to region, "
           "judged by Sailor's model";
  }
  SearchResult search(const TrainingProblem& problem, const Estimator&,
                      const PlannerOptions& options) const override {
    if (auto refused = refused_objective(problem.job)) return std::move(*refused);
    if (problem.cluster.network == nullptr) {
      throw_bad_input("planner atlas needs a cluster with a network");
    }
    return Search(problem, options).run();
  }
};

}  // namespace

}  // namespace atlas

const Planner& atlas_planner() {
  static const atlas::AtlasPlanner planner;
  return planner;
}

}  // namespace sextant
