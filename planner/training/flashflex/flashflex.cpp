#include "planner/training/flashflex/flashflex.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/training/flashflex/ratings.h"
#include "analyzer/training/gpu_usd.h"
#include "planner/training/cluster_view.h"
#include "planner/training/flashflex/deal.h"
#include "planner/training/flashflex/groups.h"
#include "planner/training/flashflex/legacy_random.h"
#include "planner/training/published_objectives.h"
#include "planner/training/search_budget.h"

namespace sextant {

namespace {

using flashflex::Deal;
using flashflex::Gpu;
using flashflex::GpuSet;
using flashflex::kMicrobatch;
using flashflex::Model;
using flashflex::StageList;

/// Plans of fewer GPUs a pipeline are not tried.
constexpr int kLeastGpusPerPipeline = 5;
/// METIS cuts the graph anew for each number of pipelines. This is all that 1200 GPUs allow, tens
/// of seconds; of more GPUs the larger numbers are left out, and the search is incomplete.
constexpr std::uint64_t kEdgesCut = 400'000'000;

/// All GPUs are joined to all in memory, and cut a fifth as often as there are GPUs.
constexpr int kMostGpus = 8192;

/// Groups of a pipeline: 1 + Binomial(2, 0.2), from numpy's generator.
constexpr std::uint64_t kPublishedSeed = 40404;
constexpr int kGroupTrials = 2;
constexpr double kGroupChance = 0.2;

std::vector<const GpuPool*> pointers_to(const std::vector<GpuPool>& pools) {
  std::vector<const GpuPool*> out;
  for (const GpuPool& pool : pools) out.push_back(&pool);
  return out;
}

std::vector<GpuPool> pools_seen(const Cluster& cluster) {
  std::vector<GpuPool> pools = last_pool_of_each_type(cluster);
  int gpus = 0;
  for (const GpuPool& pool : pools) gpus += pool.count;
  if (gpus > kMostGpus) {
    throw_infeasible(
        fmt::format("flashflex: a graph of {} GPUs, all joined to all, is too large; at most {}",
                    gpus, kMostGpus));
  }
  return pools;
}

/// Iteration of the pipelines, seconds.
double iteration_s(const Model& model, const std::vector<StageList>& pipelines, int global_batch) {
  const auto count = static_cast<int>(pipelines.size());
  double slowest = 0;
  for (const StageList& stages : pipelines) {
    slowest = std::max(slowest, flashflex::columns_s(model.stage_s(stages, kMicrobatch),
                                                     global_batch / (kMicrobatch * count)));
  }
  if (count < 2) return slowest;
  std::vector<std::size_t> at(pipelines.size(), 0);
  std::vector<double> end;
  for (const StageList& stages : pipelines) end.push_back(stages.front().layers);
  double sync_s = 0;
  for (int layer = 0; layer < model.shape().blocks; ++layer) {
    std::vector<const flashflex::Stage*> holders;
    for (std::size_t p = 0; p < pipelines.size(); ++p) {
      while (layer >= end[p]) end[p] += pipelines[p][++at[p]].layers;
      holders.push_back(&pipelines[p][at[p]]);
    }
    sync_s += model.layer_sync_s(holders);
  }
  return slowest + sync_s;
}

/// Of the graph in which every GPU is joined to every other one.
std::uint64_t edges_between(const std::vector<GpuPool>& pools) {
  std::uint64_t gpus = 0;
  for (const GpuPool& pool : pools) gpus += static_cast<std::uint64_t>(pool.count);
  return gpus * gpus;
}

class FlashFlexSearch {
 public:
  FlashFlexSearch(const TrainingProblem& problem, const PlannerOptions& options)
      : problem_(problem),
        pools_(pools_seen(problem.cluster)),
        budget_(options, kEdgesCut / edges_between(pools_) + 1),
        model_(flashflex::model_of(problem, pointers_to(pools_))),
        fleet_(flashflex::fleet_of(pools_)),
        cutter_(model_, fleet_,
                options.seed == 0 ? -1 : static_cast<std::int64_t>(options.seed & 0x7fffffffU)),
        random_(options.seed == 0 ? kPublishedSeed : options.seed) {
    for (const GpuPool& pool : pools_) {
      if (pool.memory_bytes > 0) continue;
      throw_bad_input(
          fmt::format("flashflex needs the memory of {}, which the cluster lacks", pool.gpu));
    }
    if (problem.profile.layer_count < model_.shape().blocks + 2) {
      throw_bad_input(fmt::format(
          "flashflex: the profile of {} has {} layers, its model {} transformer layers between "
          "embedding and head",
          quote(problem.profile.model), problem.profile.layer_count, model_.shape().blocks));
    }
  }

  SearchResult run() {
    // The published code has drawn once by the time it begins.
    random_.binomial(kGroupTrials, kGroupChance);
    const int most = std::min(static_cast<int>(fleet_.size()) / kLeastGpusPerPipeline,
                              problem_.job.global_batch / kMicrobatch);
    for (int count = 1; count <= most; ++count) {
      if (budget_.spent()) break;
      budget_.count();
      try_pipelines(count);
    }
    result_.evaluations = budget_.evaluations();
    result_.complete = budget_.complete();
    std::stable_sort(result_.proposals.begin(), result_.proposals.end(),
                     [](const Proposal& a, const Proposal& b) {
                       return a.believed_iteration_s < b.believed_iteration_s;
                     });
    if (result_.proposals.empty()) result_.infeasible_reason = why_none();
    return std::move(result_);
  }

 private:
  void try_pipelines(int count) {
    std::vector<int> groups;
    for (int p = 0; p < count; ++p) {
      groups.push_back(random_.binomial(kGroupTrials, kGroupChance) + 1);
    }
    const std::vector<GpuSet> parts = cutter_.pipelines(count);
    std::vector<StageList> pipelines;
    for (std::size_t p = 0; p < parts.size(); ++p) {
      StageList stages =
          stages_of(model_, fleet_, cutter_.groups(parts[p], groups[p]), problem_.job.global_batch);
      const Deal deal = deal_layers(model_, stages);
      if (deal != Deal::kDealt) {
        ++failures_[deal];
        return;
      }
      pipelines.push_back(std::move(stages));
    }
    propose(pipelines);
  }

  void propose(const std::vector<StageList>& pipelines) {
    Proposal& made = result_.proposals.emplace_back();
    made.plan = plan_of(pipelines);
    made.believed_iteration_s = iteration_s(model_, pipelines, problem_.job.global_batch);
    made.believed_usd_per_iter = gpu_usd(problem_.cluster, made.plan, made.believed_iteration_s);
    if (result_.proposals.size() == 1) result_.first_plan_s = budget_.elapsed_s();
  }

  /// The planner deals transformer layers; the embedding joins the first stage and what follows
  /// them the last.
  Plan plan_of(const std::vector<StageList>& pipelines) const {
    Plan plan;
    plan.model = problem_.profile.model;
    plan.layer_count = problem_.profile.layer_count;
    plan.global_batch = problem_.job.global_batch;
    plan.microbatch = kMicrobatch;
    for (const StageList& stages : pipelines) {
      Pipeline& pipeline = plan.pipelines.emplace_back();
      int first = 0;
      int end = 1;
      for (const flashflex::Stage& stage : stages) {
        end += static_cast<int>(stage.layers);
        const GpuPool& pool = pools_[static_cast<std::size_t>(stage.type)];
        Stage& out = pipeline.stages.emplace_back();
        out.chunks = {{first, end}};
        out.replicas = {{{Machine{pool.gpu, pool.zone, -1, stage.tp}}, stage.tp, 0}};
        first = end;
      }
      pipeline.stages.back().chunks.back().end = plan.layer_count;
    }
    return plan;
  }

  std::string why_none() {
    if (!result_.complete) return "the search was stopped before its first plan";
    if (result_.evaluations == 0) {
      return fmt::format("FlashFlex tries pipelines of at least {} GPUs on average; there are {}",
                         kLeastGpusPerPipeline, fleet_.size());
    }
    return fmt::format(
        "of FlashFlex's {} numbers of pipelines, {} leave a stage without a layer of the model's "
        "{}, and {} give a stage more than its memory holds",
        result_.evaluations, failures_[Deal::kStageWithoutLayers], model_.shape().blocks,
        failures_[Deal::kOutOfMemory]);
  }

  const TrainingProblem& problem_;
  std::vector<GpuPool> pools_;
  SearchBudget budget_;
  Model model_;
  std::vector<Gpu> fleet_;
  flashflex::Cutter cutter_;
  flashflex::LegacyRandom random_;
  std::map<Deal, int> failures_;
  SearchResult result_;
};

class FlashFlexPlanner : public Planner {
 public:
  std::string_view name() const override { return "flashflex"; }
  std::string_view description() const override {
    return "FlashFlex (2024): METIS cuts the GPUs into unlike pipelines, at one sequence a "
           "microbatch";
  }
  SearchResult search(const TrainingProblem& problem, const Estimator&,
                      const PlannerOptions& options) const override {
    if (auto refused = refused_objective(problem.job)) return std::move(*refused);
    return FlashFlexSearch(problem, options).run();
  }
};

}  // namespace

const Planner& flashflex_planner() {
  static const FlashFlexPlanner planner;
  return planner;
}

}  // namespace sextant
