#include "planner/training/metis/metis_planner.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/training/gpu_usd.h"
#include "planner/training/metis/best_candidates.h"
#include "planner/training/metis/device_groups.h"
#include "planner/training/metis/plan_of.h"
#include "planner/training/published_objectives.h"
#include "planner/training/search_budget.h"

namespace sextant {

namespace metis_search {

namespace {

/// The default budget, pairs of groups and a number of microbatches: as far as the recorded runs
/// came in their 60 to 150 s, to judge by the 2532 plans of them that were rejected in the longest
/// walk. Here it is less than a second. A larger one only adds plans that Metis believes to be
/// better and that do not fit.
constexpr std::uint64_t kMostEvaluations = 50'000;
/// The published search goes to as many stages as OPT-350 has transformer layers, for every model.
constexpr int kMostStages = 24;
/// The published list has all plans. The walk through it ends at the first that fits, of the
/// recorded ones after 2532 at most.
constexpr std::size_t kMostProposals = 10'000;
/// Plans name every replica, so that of hundreds of GPUs fewer are listed.
constexpr std::size_t kMostReplicasListed = 600'000;
constexpr double kSecondsPerMillisecond = 1e-3;

class Search {
 public:
  Search(const TrainingProblem& problem, const PlannerOptions& options)
      : problem_(problem),
        stock_(stock_of(problem.cluster)),
        tables_(problem, gpus(stock_), metis::Reader::kPlanner),
        links_(problem, types(stock_)),
        model_(problem, tables_, links_),
        best_(kMostProposals),
        budget_(options, kMostEvaluations) {
    for (const TypeStock& of : stock_) gpu_count_ += of.gpu_count();
    const int global_batch = problem.job.global_batch;
    for (int divisor = 1; divisor <= global_batch / divisor; ++divisor) {
      if (global_batch % divisor != 0) continue;
      batches_.push_back(divisor);
      if (divisor != global_batch / divisor) batches_.push_back(global_batch / divisor);
    }
    std::sort(batches_.rbegin(), batches_.rend());
    orders_ = type_orders(static_cast<int>(stock_.size()), options.seed);
  }

  SearchResult run() {
    for (const std::vector<int>& order : orders_) ranks_.push_back(ranks_of(stock_, order));
    const int most_stages = std::min({gpu_count_, kMostStages, problem_.profile.layer_count});
    for (std::size_t order = 0; order < orders_.size() && budget_.complete(); ++order) {
      IntraStageSearch intra(tables_, model_, stock_, ranks_[order], problem_.job.global_batch);
      for (int stages = 1; stages <= most_stages && budget_.complete(); ++stages) {
        for_each_grouping(gpu_count_, stages, [&](const std::vector<int>& groups) {
          look_at(order, groups, intra);
          return budget_.complete();
        });
      }
    }
    return result();
  }

 private:
  static std::vector<std::string> gpus(const std::vector<TypeStock>& stock) {
    std::vector<std::string> out;
    for (const TypeStock& of : stock) out.push_back(of.type.gpu);
    return out;
  }
  static std::vector<metis::TypeInZone> types(const std::vector<TypeStock>& stock) {
    std::vector<metis::TypeInZone> out;
    for (const TypeStock& of : stock) out.push_back(of.type);
    return out;
  }

  void look_at(std::size_t order, const std::vector<int>& groups, IntraStageSearch& intra) {
    intra.begin(groups);
    for (const int batches : batches_) {
      if (budget_.spent()) return;
      budget_.count();
      const Candidate* candidate = intra.search(batches);
      if (candidate == nullptr) continue;
      if (first_plan_s_ == 0) first_plan_s_ = budget_.elapsed_s();
      best_.offer(*candidate, order);
    }
  }

  SearchResult result() {
    SearchResult found;
    found.evaluations = budget_.evaluations();
    found.complete = budget_.complete();
    found.first_plan_s = first_plan_s_;
    std::size_t listed = 0;
    for (const Ranked& ranked : best_.take()) {
      Proposal& proposal = found.proposals.emplace_back();
      proposal.plan = plan_of(problem_, stock_, ranks_[ranked.order], ranked.candidate);
      proposal.believed_iteration_s = ranked.candidate.cost_ms * kSecondsPerMillisecond;
      proposal.believed_usd_per_iter =
          gpu_usd(problem_.cluster, proposal.plan, proposal.believed_iteration_s);
      for (const Stage& stage : proposal.plan.pipelines.front().stages) {
        listed += stage.replicas.size();
      }
      if (listed > kMostReplicasListed) break;
    }
    if (found.proposals.empty()) {
      found.infeasible_reason = fmt::format(
          "Metis finds no stages of 2^k of {} GPUs with microbatches of 1 to {} sequences of a "
          "batch of {} and tensor degrees up to {} whose layers it believes to fit in memory",
          gpu_count_, tables_.largest_microbatch(), problem_.job.global_batch,
          tables_.largest_tp());
    }
    return found;
  }

  const TrainingProblem& problem_;
  std::vector<TypeStock> stock_;
  metis::Tables tables_;
  metis::Links links_;
  metis::CostModel model_;
  BestCandidates best_;
  SearchBudget budget_;
  double first_plan_s_ = 0;
  int gpu_count_ = 0;
  std::vector<int> batches_;  ///< numbers of microbatches, descending
  std::vector<std::vector<int>> orders_;
  std::vector<std::vector<metis::Rank>> ranks_;  ///< by order
};

class MetisPlanner : public Planner {
 public:
  std::string_view name() const override { return "metis"; }
  std::string_view description() const override {
    return "Metis's published search (USENIX ATC'24) with its own cost model, as a baseline";
  }
  SearchResult search(const TrainingProblem& problem, const Estimator&,
                      const PlannerOptions& options) const override {
    if (auto refused = refused_objective(problem.job)) return std::move(*refused);
    return Search(problem, options).run();
  }
};

}  // namespace

}  // namespace metis_search

const Planner& metis_planner() {
  static const metis_search::MetisPlanner planner;
  return planner;
}

}  // namespace sextant
