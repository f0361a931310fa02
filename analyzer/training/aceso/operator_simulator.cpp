#include "analyzer/training/aceso/operator_simulator.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/training/sailor/model.h"

namespace sextant::aceso {

namespace {

/// Bytes of state per byte of fp32 parameter: 20 per parameter.
constexpr double kStateFactor = 5;
/// What the fit check allows for everything but state and activations.
constexpr double kAllowanceBytes = 3.0 * 1024 * 1024 * 1024;
constexpr double kUsPerSecond = 1e6;

/// A stage's tables at one sequence, with what scales them to its microbatch; its own table where
/// there is none.
struct SizedTable {
  const OperatorTable* table = nullptr;
  double factor = 1;
};

SizedTable at_one_sequence(const Tables& tables, int tp, const OperatorTable& own, int microbatch) {
  const OperatorTable* one = tables.find(1, tp);
  if (one != nullptr) return {one, static_cast<double>(microbatch)};
  return {&own, 1};
}

}  // namespace

SimulatedPlan simulate(const TrainingProblem& problem, const GpuPool& pool, const Tables& tables,
                       const OperatorPlan& plan) {
  const LinkEnd node = {pool.zone, pool.gpu, pool.gpus_per_node};
  const LinkModel link = problem.cluster.network->between(node, node);
  const int stages = static_cast<int>(plan.stages.size());
  SimulatedPlan out;
  double slowest = 0;
  double fill = 0;
  double sync = 0;
  for (int s = 0; s < stages; ++s) {
    const OperatorStage& stage = plan.stages[static_cast<std::size_t>(s)];
    const int microbatch = plan.stage_batch / stage.dp;
    const OperatorTable& table = tables.at(microbatch, stage.tp);
    const SizedTable whole = at_one_sequence(tables, 1, table, microbatch);
    const SizedTable split = at_one_sequence(tables, stage.tp, table, microbatch);
    const double sent = (*whole.table)[stage.end - 1].output_mb * whole.factor * kBytesPerMb;
    const SeparableCosts::Weights weights = sailor::place_weights(s, stages);
    const double transfer =
        sent > 0 ? (weights.forward + weights.backward) * link.transfer_s(sent) : 0;
    const double turn = table.compute_us(stage.first, stage.end) / kUsPerSecond + transfer;
    slowest = std::max(slowest, turn);
    fill += turn;

    const double weight_bytes =
        kBytesPerMb * (tables.find(1, 1) != nullptr
                           ? whole.table->weights_mb(stage.first, stage.end) /
                                 std::min(stage.tp, sailor::kLargestDegreeInSync)
                           : table.weights_mb(stage.first, stage.end));
    if (stage.dp > 1 && weight_bytes > 0) {
      sync = std::max(sync, sailor::all_reduce(link, weight_bytes, stage.dp).total_s());
    }
    const double memory =
        kBytesPerMb *
            (split.table->weights_mb(stage.first, stage.end) * kStateFactor +
             split.table->activations_mb(stage.first, stage.end) * split.factor * (stages - s)) +
        kAllowanceBytes;
    out.peak_memory_bytes = std::max(out.peak_memory_bytes, memory);
  }
  const double rounds = std::ceil(static_cast<double>(problem.job.global_batch) / plan.stage_batch);
  out.iteration_s = (rounds - 1) * slowest + fill + sync;
  out.fits = out.peak_memory_bytes <= pool.memory_bytes;
  if (!(out.iteration_s > 0) || !std::isfinite(out.iteration_s)) {
    throw_bad_input(
        fmt::format("simulator of operators: predicts {} s an iteration: the "
                    "network's model is used outside its range",
                    out.iteration_s));
  }
  return out;
}

}  // namespace sextant::aceso
