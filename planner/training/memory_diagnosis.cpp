#include "planner/training/memory_diagnosis.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/interrupt.h"
#include "analyzer/core/table.h"
#include "planner/training/changed_problem.h"

namespace sextant {

namespace {

/// A figure to compare with needs no proof, and whether there is a plan shows early.
constexpr std::uint64_t kEvaluationsForBest = 1'000'000;
constexpr std::uint64_t kEvaluationsForAny = 300'000;
/// Memory is looked for up to so many times what there is, to within kMemoryStep.
constexpr double kMostMemory = 4096;
constexpr double kMemoryStep = 1.01;
constexpr int kMostMemorySteps = 8;
/// GPUs are looked for up to so many nodes more, in so many pools.
constexpr int kMostNodes = 1024;
constexpr std::size_t kMostPools = 4;

/// The nearest plan to fitting that was found.
struct Tight {
  Proposed proposed;  ///< judged with the memory that there is
  std::size_t stage = 0;
  double ratio = 1;  ///< what that stage needs over what there is
};

Tight judged(const PlanProbe& probe, const TrainingProblem& problem, Proposed proposed) {
  Tight tight;
  tight.proposed = std::move(proposed);
  tight.proposed.prediction = probe.judge().predict(problem, tight.proposed.plan);
  const auto& stages = tight.proposed.prediction.stages;
  tight.ratio = 0;
  for (std::size_t s = 0; s < stages.size(); ++s) {
    const double ratio = stages[s].memory_bound_bytes / stages[s].memory_capacity_bytes;
    if (ratio > tight.ratio) {
      tight.ratio = ratio;
      tight.stage = s;
    }
  }
  return tight;
}

std::optional<Tight> with_memory(const PlanProbe& probe, const TrainingProblem& problem,
                                 double factor) {
  ChangedProblem changed(problem);
  for (GpuPool& pool : changed.cluster.pools) pool.memory_bytes *= factor;
  std::optional<Proposed> proposed = probe.any(changed.problem());
  if (!proposed) return std::nullopt;
  return judged(probe, problem, std::move(*proposed));
}

/// The plan that needs the least times the memory there is, as far as a search finds it.
std::optional<Tight> tightest(const PlanProbe& probe, const TrainingProblem& problem) {
  double low = 1;
  std::optional<Tight> best;
  for (double factor = 2; factor <= kMostMemory && !best; factor *= 2) {
    best = with_memory(probe, problem, factor);
    if (!best) low = factor;
  }
  for (int step = 0; best && step < kMostMemorySteps && best->ratio > low * kMemoryStep; ++step) {
    const double middle = std::sqrt(low * best->ratio);
    std::optional<Tight> found = with_memory(probe, problem, middle);
    if (found && found->ratio < best->ratio) {
      best = std::move(found);
    } else {
      low = middle;
    }
  }
  return best;
}

const Stage& stage_at(const Plan& plan, std::size_t index) {
  for (const Pipeline& pipeline : plan.pipelines) {
    if (index < pipeline.stages.size()) return pipeline.stages[index];
    index -= pipeline.stages.size();
  }
  throw Error(ErrorCode::kInternal, "a prediction has more stages than its plan");
}

std::string layers_text(const Stage& stage) {
  const int first = stage.chunks.front().first;
  const int last = stage.chunks.back().end - 1;
  return first == last ? fmt::format("layer {} alone", first)
                       : fmt::format("layers {}-{}", first, last);
}

/// "53.2 GiB on A100-40, 21.3 GiB on V100-16".
std::string memory_needed(const Cluster& cluster, double factor) {
  std::set<std::string> seen;
  std::vector<std::string> texts;
  for (const GpuPool& pool : cluster.pools) {
    if (pool.count == 0 || !seen.insert(pool.gpu).second) continue;
    texts.push_back(fmt::format("{} on {}", format_gib(pool.memory_bytes * factor), pool.gpu));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::optional<Proposed> with_nodes(const PlanProbe& probe, const TrainingProblem& problem,
                                   std::size_t pool, int nodes) {
  ChangedProblem changed(problem);
  GpuPool& more = changed.cluster.pools[pool];
  more.count += nodes * more.gpus_per_node;
  return probe.any(changed.problem());
}

/// Least nodes more of a pool with which a plan is found; 0 where none is.
int nodes_needed(const PlanProbe& probe, const TrainingProblem& problem, std::size_t pool) {
  int low = 0;
  int high = 1;
  while (high <= kMostNodes && !with_nodes(probe, problem, pool, high)) {
    low = high;
    high *= 2;
  }
  if (high > kMostNodes) return 0;
  while (high - low > 1) {
    const int middle = (low + high) / 2;
    (with_nodes(probe, problem, pool, middle) ? high : low) = middle;
  }
  return high;
}

/// "; with 3 more GPUs A100-40@here a plan is found".
std::string gpus_needed(const PlanProbe& probe, const TrainingProblem& problem) {
  const auto& pools = problem.cluster.pools;
  std::vector<std::size_t> order;
  for (std::size_t p = 0; p < pools.size(); ++p) {
    if (!problem.profile.microbatches(pools[p].gpu).empty()) order.push_back(p);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return pools[a].memory_bytes > pools[b].memory_bytes;
  });
  order.resize(std::min(order.size(), kMostPools));
  std::vector<std::string> enough;
  std::vector<std::string> apart;
  for (const std::size_t p : order) {
    const GpuPool& pool = pools[p];
    const int nodes = nodes_needed(probe, problem, p);
    if (nodes > 0) {
      enough.push_back(
          fmt::format("{} more {}@{}", nodes * pool.gpus_per_node, pool.gpu, pool.zone));
    } else if (!problem.cluster.network->find({pool.zone, pool.gpu, 1}, {pool.zone, pool.gpu, 1})) {
      apart.push_back(fmt::format("{}@{}", pool.gpu, pool.zone));
    }
  }
  if (!enough.empty())
    return fmt::format("; one is found with {}", fmt::join(enough, ", or with "));
  if (!apart.empty()) {
    return fmt::format("; more GPUs need a link between nodes of {}, which the network lacks",
                       fmt::join(apart, ", "));
  }
  return fmt::format("; with up to {} more nodes none is found", kMostNodes);
}

/// The smallest batch at which every usable GPU type has a microbatch.
int least_batch(const TrainingProblem& problem) {
  int batch = 1;
  for (const std::string& gpu : problem.profile.gpus()) {
    const int least = problem.profile.microbatches(gpu).front();
    if (least <= problem.job.global_batch) batch = std::max(batch, least);
  }
  return batch;
}

}  // namespace

std::optional<Proposed> PlanProbe::ask(const TrainingProblem& problem,
                                       const PlannerOptions& options) const {
  if (interrupted()) return std::nullopt;
  try {
    SearchResult result = search_(problem, options);
    for (Proposal& proposal : result.proposals) {
      Prediction prediction = judge_.predict(problem, proposal.plan);
      if (!prediction.fits) continue;
      return Proposed{std::move(proposal.plan), std::move(prediction), result.complete};
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kBadInput && error.code() != ErrorCode::kInfeasible) throw;
  }
  return std::nullopt;
}

std::optional<Proposed> PlanProbe::best(const TrainingProblem& problem) const {
  return ask(problem, within(kEvaluationsForBest));
}

PlannerOptions PlanProbe::within(std::uint64_t evaluations) const {
  PlannerOptions options = options_;
  if (options.max_evaluations == 0 || options.max_evaluations > evaluations) {
    options.max_evaluations = evaluations;
  }
  return options;
}

std::optional<Proposed> PlanProbe::any(const TrainingProblem& problem) const {
  const PlannerOptions options = within(kEvaluationsForAny);
  // Replicas and larger microbatches only add to what a GPU holds, unless replicas share the state.
  const std::vector<int>& zero = problem.job.freedom.zero_stages;
  const bool shared = std::any_of(zero.begin(), zero.end(), [](int stage) { return stage > 0; });
  if (shared) return ask(problem, options);
  ChangedProblem least(problem);
  least.job.global_batch = least_batch(problem);
  std::optional<Proposed> found = ask(least.problem(), options);
  if (!found) return found;
  found->plan.global_batch = problem.job.global_batch;
  for (Pipeline& pipeline : found->plan.pipelines) {
    for (Stage& stage : pipeline.stages) {
      for (Replica& replica : stage.replicas) replica.share = 0;
    }
  }
  return found;
}

std::string times_of(double ratio, std::string_view that) {
  return ratio < 2 ? fmt::format("{:.1f} % more than {}", 100 * (ratio - 1), that)
                   : fmt::format("{} times {}", format_count(ratio), that);
}

std::string why_no_memory(const PlanProbe& probe, const TrainingProblem& problem) {
  const std::optional<Tight> tight = tightest(probe, problem);
  if (!tight) {
    return fmt::format(
        "no plan was found, nor one with {:g} times the memory: nothing but memory, bounds and "
        "missing links was looked into",
        kMostMemory);
  }
  const Plan& plan = tight->proposed.plan;
  if (tight->ratio <= 1) return "the search passed over a plan that fits: " + summary(plan);
  const Stage& stage = stage_at(plan, tight->stage);
  const StagePrediction& needs = tight->proposed.prediction.stages[tight->stage];
  const Replica& replica = stage.replicas.front();
  const std::size_t stages = tight->proposed.prediction.stages.size();
  const int gpus = gpu_count(plan);
  std::string text = fmt::format(
      "no plan fits in memory: of the nearest, of {} stage{} on {} GPU{}, stage {} ({} on {} TP{}, "
      "microbatch {}) needs {} of {}",
      stages, stages == 1 ? "" : "s", gpus, gpus == 1 ? "" : "s", tight->stage, layers_text(stage),
      replica.machines.front().gpu, replica.tp, plan.microbatch,
      format_gib(needs.memory_bound_bytes), format_gib(needs.memory_capacity_bytes));
  text +=
      fmt::format("; a plan is found with {} ({})", times_of(tight->ratio, "the memory there is"),
                  memory_needed(problem.cluster, tight->ratio));
  return text + gpus_needed(probe, problem);
}

}  // namespace sextant
