#include "analyzer/training/galvatron/model.h"

#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant::galvatron {

namespace {

/// A backward pass takes twice as long as the forward pass; the measured one is not used.
constexpr double kBackwardOfForward = 2;
/// All-reduces among tensor-parallel ranks, two each way.
constexpr double kTensorReductions = 4;
/// CUDA context and framework, MB.
constexpr double kContextMb = 1024;
constexpr double kSecondsPerMs = 1e-3;

/// MB that each of `size` GPUs sends in a ring all-reduce of `mb`.
double ring_mb(int size, double mb) {
  return 2.0 * (size - 1) / size * mb;
}

/// Milliseconds of a backward pass of which `hidden_ms` can hide the sending of gradients, both
/// slowed down while both run.
double overlapped_ms(double hidden_ms, double message_mb, double ms_per_mb, double slowdown) {
  const double sending = message_mb * ms_per_mb * slowdown;
  const double computing = hidden_ms * slowdown;
  if (sending > computing) {
    return computing + (message_mb - computing / (ms_per_mb * slowdown)) * ms_per_mb;
  }
  if (sending < computing) return sending + (hidden_ms - sending / slowdown);
  return computing;
}

int ceil_div(int a, int b) {
  return (a + b - 1) / b;
}

}  // namespace

Chunks::Chunks(int all, int wanted) : samples(all) {
  if (samples < 1) return;
  size = ceil_div(samples, wanted);
  count = ceil_div(samples, size);
}

double Chunks::share_of_first(int microbatches) const {
  if (microbatches >= count) return 1;
  return static_cast<double>(microbatches) * size / samples;
}

std::vector<int> blocks_of_stages(int blocks, int stages) {
  std::vector<int> out(static_cast<std::size_t>(stages), blocks / stages);
  out.back() += blocks % stages;
  return out;
}

double block_s(const Tables& tables, const Strategy& strategy, double samples,
               bool with_gradients) {
  const auto [pp, tp, dp, consecutive] = strategy;
  const double share = samples / dp;
  const double forward = tables.forward_ms * share / tp;
  const double backward = kBackwardOfForward * forward;
  const bool both = tp > 1 && dp > 1;
  const double tensor = ring_mb(tp, share * tables.output_mb * kTensorReductions) *
                        tables.groups.ms_per_mb(tp, !both || consecutive);
  if (dp == 1) return (forward + backward + tensor) * kSecondsPerMs;
  // Where tensor-parallel groups take half of the GPUs or more, half of the backward pass hides
  // nothing.
  const double hiding = tp == 1 || tp < tp * dp / 2 ? backward : backward / 2;
  const double message = with_gradients ? ring_mb(dp, tables.state_mb / tp) : 0;
  const double overlapped =
      overlapped_ms(hiding, message, tables.groups.ms_per_mb(dp, !(both && consecutive)),
                    tables.overlap_slowdown);
  return (forward + (backward - hiding) + overlapped + tensor) * kSecondsPerMs;
}

double resharding_s(const Tables& tables, const Strategy& from, const Strategy& to,
                    double samples) {
  if (from == to) return 0;
  // The side of fewer replicas has more sequences a GPU; what of them the other side's GPU lacks is
  // gathered: forward or backward, whichever way the degree grows. With other groups of the same
  // size a GPU has none of them.
  const Strategy& wide = from.tp > to.tp ? from : to;
  const int narrow_tp = std::min(from.tp, to.tp);
  const double lacking = wide.tp == narrow_tp ? 1 : 1 - static_cast<double>(narrow_tp) / wide.tp;
  return lacking * samples / wide.dp * tables.output_mb *
         tables.groups.ms_per_mb(wide.tp, wide.dp == 1 || wide.consecutive) * kSecondsPerMs;
}

double block_mb(const Tables& tables, const Strategy& strategy, int stage, int samples,
                int wanted) {
  const auto activation = tables.activation_mb.find(strategy.tp);
  if (activation == tables.activation_mb.end()) {
    throw_bad_input(fmt::format("galvatron: no activations at tensor degree {} in {}", strategy.tp,
                                quote(tables.source)));
  }
  const Chunks chunks(samples / strategy.dp / strategy.tp, wanted);
  const double in_flight = chunks.share_of_first(strategy.pp - stage);
  return tables.state_mb / strategy.tp + activation->second * samples / strategy.dp * in_flight;
}

double other_mb(const Tables& tables, int pp, int stage, int gpus, int samples, int wanted) {
  const OtherMemory none;
  const OtherMemory& other = pp == 1           ? tables.only
                             : stage == 0      ? tables.first
                             : stage == pp - 1 ? tables.last
                                               : none;
  const Chunks chunks(samples / gpus, wanted);
  return other.states_mb + kContextMb +
         other.activation_mb * samples / gpus * chunks.share_of_first(pp - stage);
}

PipelineTime pipeline_time(const StageTimes& stages, int microbatches) {
  PipelineTime out;
  double before = 0;
  double slowest = -1;
  for (std::size_t s = 0; s < stages.compute_s.size(); ++s) {
    before += stages.compute_s[s];
    out.sync_s = std::max(out.sync_s, stages.total_s[s] - before);
    if (stages.compute_s[s] > slowest) {
      slowest = stages.compute_s[s];
      out.slowest_stage = static_cast<int>(s);
    }
  }
  out.pipeline_s = slowest * (microbatches - 1 + static_cast<double>(stages.compute_s.size()));
  return out;
}

}  // namespace sextant::galvatron
