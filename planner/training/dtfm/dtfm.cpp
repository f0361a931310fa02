// Planner `dtfm`. What it weighs is communication alone: every GPU computes alike, and there is
// memory enough.
#include "planner/training/dtfm/dtfm.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "analyzer/plan/layer_split.h"
#include "analyzer/training/gpu_usd.h"
#include "planner/training/dtfm/genetic_search.h"
#include "planner/training/dtfm/matching.h"
#include "planner/training/published_objectives.h"
#include "planner/training/search_budget.h"

namespace sextant {

namespace {

constexpr std::array kMicrobatches = {1, 2, 4, 8};  // as in the artifact

class Search {
 public:
  Search(const TrainingProblem& problem, const PlannerOptions& options)
      : problem_(problem),
        seed_(options.seed),
        budget_(options),
        devices_(dtfm::devices_of(problem.cluster)) {}

  SearchResult run() {
    for (const int stages : depths()) {
      for (const int microbatch : kMicrobatches) {
        if (!profiled(microbatch)) continue;
        // A shape without a single score would have no plan.
        if (!found_.proposals.empty() && budget_.spent()) break;
        propose(stages, microbatch);
      }
    }
    found_.evaluations = budget_.evaluations();
    found_.complete = budget_.complete();
    std::stable_sort(found_.proposals.begin(), found_.proposals.end(),
                     [](const Proposal& a, const Proposal& b) {
                       return a.believed_iteration_s < b.believed_iteration_s;
                     });
    if (found_.proposals.empty()) found_.infeasible_reason = why_nothing();
    return std::move(found_);
  }

 private:
  /// All GPUs in a grid without tensor parallelism: the depths that divide the most there could be
  /// and the GPUs.
  std::vector<int> depths() const {
    const int most = std::min(problem_.profile.layer_count, devices_.count());
    std::vector<int> out;
    for (int stages = 2; stages < most; ++stages) {
      if (most % stages == 0 && devices_.count() % stages == 0) out.push_back(stages);
    }
    return out;
  }

  bool profiled(int microbatch) const {
    return std::all_of(devices_.pools.begin(), devices_.pools.end(), [&](const GpuPool& pool) {
      return problem_.profile.find(pool.gpu, 1, microbatch) != nullptr;
    });
  }

  /// What the stages send: the largest stage's gradients, and, as in the artifact, all that a layer
  /// saves for its backward pass instead of its output.
  dtfm::Volumes volumes(const std::vector<LayerRange>& split, int microbatch) const {
    const std::vector<LayerMemory>& layers = problem_.profile.memory_at(1);
    dtfm::Volumes out;
    for (const LayerRange& stage : split) {
      double bytes = 0;
      for (int l = stage.first; l < stage.end; ++l) {
        bytes += layers[static_cast<std::size_t>(l)].parameter_bytes;
      }
      out.gradient_bytes = std::max(out.gradient_bytes, bytes);
    }
    // The layer after the embedding stands for all.
    out.activation_bytes =
        layers[std::min<std::size_t>(1, layers.size() - 1)].saved_activation_bytes * microbatch;
    return out;
  }

  void propose(int stages, int microbatch) {
    const std::vector<LayerRange> split =
        split_evenly(problem_.profile.layer_count, stages, Remainder::kLastStages);
    // A seed for each shape, so that a budget that ends in one leaves the others as they were.
    const std::uint64_t seed = seed_ + static_cast<std::uint64_t>(stages) * 1'000'003U +
                               static_cast<std::uint64_t>(microbatch);
    const dtfm::Individual best =
        dtfm::genetic_search(devices_, volumes(split, microbatch), stages, seed, budget_);
    Proposal& proposal = found_.proposals.emplace_back();
    proposal.plan = plan_of(best, split, microbatch);
    proposal.believed_iteration_s = best.score.total_s();
    proposal.believed_usd_per_iter =
        gpu_usd(problem_.cluster, proposal.plan, proposal.believed_iteration_s);
  }

  Plan plan_of(const dtfm::Individual& best, const std::vector<LayerRange>& split,
               int microbatch) const {
    Plan plan;
    plan.model = problem_.profile.model;
    plan.layer_count = problem_.profile.layer_count;
    plan.global_batch = problem_.job.global_batch;
    plan.microbatch = microbatch;
    Pipeline& pipeline = plan.pipelines.emplace_back();
    std::vector<int> members;
    for (std::size_t s = 0; s < split.size(); ++s) {
      const std::vector<int>& next =
          best.placement[static_cast<std::size_t>(best.score.stage_order[s])];
      members = s == 0 ? next : dtfm::matched(devices_, members, next);
      Stage& stage = pipeline.stages.emplace_back();
      stage.chunks = {split[s]};
      for (const int member : members) {
        const dtfm::Device& device = devices_.devices[static_cast<std::size_t>(member)];
        const GpuPool& pool = devices_.pools[static_cast<std::size_t>(device.pool)];
        stage.replicas.push_back({{Machine{pool.gpu, pool.zone, -1, 1}}, 1, 0});
      }
    }
    return plan;
  }

  std::string why_nothing() const {
    if (depths().empty()) {
      return fmt::format(
          "no depth from 2 to {} divides both {}, the most stages there can be, and the {} GPUs, "
          "all of which it uses",
          std::min(problem_.profile.layer_count, devices_.count()) - 1,
          std::min(problem_.profile.layer_count, devices_.count()), devices_.count());
    }
    return "the profile has no microbatch of 1, 2, 4 or 8 at tensor degree 1 for every GPU type";
  }

  const TrainingProblem& problem_;
  std::uint64_t seed_;
  SearchBudget budget_;
  dtfm::Devices devices_;
  SearchResult found_;
};

class DtfmPlanner : public Planner {
 public:
  std::string_view name() const override { return "dtfm"; }
  std::string_view description() const override {
    return "DT-FM (NeurIPS'22): genetic search for which GPU takes which stage, by the links "
           "between them; no model of computing time or memory";
  }
  SearchResult search(const TrainingProblem& problem, const Estimator& /*judge*/,
                      const PlannerOptions& options) const override {
    if (auto refused = refused_objective(problem.job)) return std::move(*refused);
    return Search(problem, options).run();
  }
};

}  // namespace

const Planner& dtfm_planner() {
  static const DtfmPlanner planner;
  return planner;
}

}  // namespace sextant
