#include "analyzer/training/sextant/layer_costs.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/training/plan_checks.h"

namespace sextant {

namespace {

double at(double median_s, const TimeSpread& spread, Percentile percentile) {
  if (percentile == Percentile::kMedian || !(spread.p90_s > 0)) return median_s;
  return percentile == Percentile::k10 ? spread.p10_s : spread.p90_s;
}

bool is_block(const std::vector<LayerMemory>& memory, std::size_t layer) {
  return layer > 0 && layer + 1 < memory.size() &&
         memory[layer].parameter_bytes == memory[1].parameter_bytes;
}

/// How much more the optimizer has to do for a layer than the reduced model's whole step did, in
/// shares of that step: the published profiler trained the embedding, two blocks and what follows.
std::vector<double> shares_of_reduced_step(const std::vector<LayerMemory>& memory) {
  double reduced = 0;
  int blocks = 0;
  for (std::size_t l = 0; l < memory.size(); ++l) {
    if (is_block(memory, l) && ++blocks > 2) continue;
    reduced += memory[l].parameter_bytes;
  }
  std::vector<double> out;
  for (const LayerMemory& layer : memory) out.push_back(layer.parameter_bytes / reduced);
  return out;
}

}  // namespace

LayerCostTable::LayerCostTable(const TrainingProblem& problem, const Plan& plan,
                               const Traffic& traffic, Percentile percentile)
    : problem_(problem), plan_(plan), traffic_(traffic), percentile_(percentile) {
  const ModelProfile& profile = problem.profile;
  require_layers_of(profile, plan);
  if (profile.recompute && !plan.recompute) {
    throw_bad_input(
        fmt::format("plan: runs without recomputation, and the profile of {} (variant {}) was "
                    "measured with it; choose another with --variant",
                    quote(profile.model), profile.variant));
  }
}

const LayerCosts& LayerCostTable::of(const PlacedReplica& replica) {
  const auto key = std::make_tuple(replica.gpu, replica.zone, replica.tp, replica.gpus_on_node);
  auto found = known_.find(key);
  if (found == known_.end()) found = known_.emplace(key, make(replica)).first;
  return found->second;
}

LayerCosts LayerCostTable::make(const PlacedReplica& replica) const {
  const ModelProfile& profile = problem_.profile;
  if (replica.tp > 1 && profile.sequence_parallel != plan_.sequence_parallel) {
    throw_bad_input(fmt::format(
        "plan: runs {} sequence parallelism, and the profile of {} (variant {}) was measured {} it",
        plan_.sequence_parallel ? "with" : "without", quote(profile.model), profile.variant,
        profile.sequence_parallel ? "with" : "without"));
  }
  const ProfilePoint& point = profile.at(replica.gpu, replica.tp, plan_.microbatch);
  const std::vector<LayerMemory>& memory = profile.memory_at(replica.tp);
  const auto layers = static_cast<std::size_t>(profile.layer_count);
  std::vector<double> forward_s(layers);
  std::vector<double> backward_s(layers);
  for (std::size_t l = 0; l < layers; ++l) {
    forward_s[l] = at(point.layers[l].forward_s, point.layers[l].forward_spread, percentile_);
    backward_s[l] = at(point.layers[l].backward_s, point.layers[l].backward_spread, percentile_);
  }
  for (const int larger : profile.microbatches(replica.gpu)) {
    if (larger <= plan_.microbatch) continue;
    const ProfilePoint* bound = profile.find(replica.gpu, replica.tp, larger);
    if (bound == nullptr) continue;
    for (std::size_t l = 0; l < layers; ++l) {
      const LayerTime& time = bound->layers[l];
      forward_s[l] = std::min(forward_s[l], at(time.forward_s, time.forward_spread, percentile_));
      backward_s[l] =
          std::min(backward_s[l], at(time.backward_s, time.backward_spread, percentile_));
    }
  }
  const std::vector<double> step_shares = shares_of_reduced_step(memory);
  LayerCosts out;
  for (std::vector<double>* sums : {&out.forward_s, &out.backward_s, &out.update_s,
                                    &out.parameter_bytes, &out.gradient_bytes}) {
    sums->assign(layers + 1, 0);
  }
  for (std::size_t l = 0; l < layers; ++l) {
    double forward = forward_s[l];
    double backward = backward_s[l];
    if (plan_.recompute && !profile.recompute && is_block(memory, l)) backward += forward;
    if (!point.collectives.empty()) {
      const auto& collectives = point.collectives[l];
      forward += traffic_.tensor_collectives_s(collectives, "forward", replica);
      backward += traffic_.tensor_collectives_s(collectives, "backward", replica);
    }
    const LayerTime& time = point.layers[l];
    double update = at(time.update_s, time.update_spread, percentile_);
    if (profile.update_is_whole_step) update *= step_shares[l];
    if (!point.collectives.empty()) {
      update += traffic_.tensor_collectives_s(point.collectives[l], "update", replica);
    }
    out.forward_s[l + 1] = out.forward_s[l] + forward;
    out.backward_s[l + 1] = out.backward_s[l] + backward;
    out.update_s[l + 1] = out.update_s[l] + update;
    const double parameters = memory[l].parameter_bytes;
    out.parameter_bytes[l + 1] = out.parameter_bytes[l] + parameters;
    out.gradient_bytes[l + 1] =
        out.gradient_bytes[l] +
        (memory[l].training ? memory[l].training->gradient_bytes : parameters);
    out.output_bytes.push_back(memory[l].output_bytes * plan_.microbatch);
  }
  return out;
}

}  // namespace sextant
