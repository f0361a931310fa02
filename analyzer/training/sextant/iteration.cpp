#include "analyzer/training/sextant/iteration.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

int ceil_div(int a, int b) {
  return (a + b - 1) / b;
}

/// Chunks of the pipeline's stages, which must be alike in number.
int chunks_of(const Pipeline& pipeline, std::size_t p) {
  const std::size_t chunks = pipeline.stages.front().chunks.size();
  for (std::size_t s = 0; s < pipeline.stages.size(); ++s) {
    const Stage& stage = pipeline.stages[s];
    if (stage.chunks.size() != chunks) {
      throw_bad_input(
          fmt::format("plan: /pipelines/{}/stages/{} has {} virtual chunks, stage 0 has {}", p, s,
                      stage.chunks.size(), chunks));
    }
    if (stage.replicas.size() != pipeline.stages.front().replicas.size()) {
      throw_bad_input(
          fmt::format("plan: /pipelines/{}/stages/{} has {} replicas, stage 0 has {}; estimator "
                      "sextant follows chains of one replica of each stage",
                      p, s, stage.replicas.size(), pipeline.stages.front().replicas.size()));
    }
  }
  return static_cast<int>(chunks);
}

double sum_between(const std::vector<double>& sums, const LayerRange& layers) {
  return sums[static_cast<std::size_t>(layers.end)] - sums[static_cast<std::size_t>(layers.first)];
}

/// Half of a backward's work is the weights' gradient: it has the FLOPs of the forward, as the
/// input's has (Qi et al. 2023, section 2).
constexpr double kWeightShare = 0.5;

}  // namespace

std::vector<std::vector<int>> microbatches_by_replica(const Plan& plan) {
  std::size_t replicas = 0;
  for (const Pipeline& pipeline : plan.pipelines) {
    replicas += pipeline.stages.front().replicas.size();
  }
  const int all = ceil_div(plan.global_batch, plan.microbatch);
  const int each = all / static_cast<int>(replicas);
  int left = all % static_cast<int>(replicas);
  std::vector<std::vector<int>> out;
  for (const Pipeline& pipeline : plan.pipelines) {
    std::vector<int>& here = out.emplace_back();
    for (const Replica& replica : pipeline.stages.front().replicas) {
      if (replica.share > 0) {
        here.push_back(plan.split == BatchSplit::kSamples ? ceil_div(replica.share, plan.microbatch)
                                                          : replica.share);
      } else {
        here.push_back(each + (left-- > 0 ? 1 : 0));
      }
    }
  }
  return out;
}

Iteration::Iteration(const TrainingProblem& problem, const Plan& plan, Percentile percentile,
                     double deviations)
    : problem_(problem),
      plan_(plan),
      framework_(framework_named(problem.job.framework)),
      placement_(place(plan, problem.cluster)),
      microbatches_(microbatches_by_replica(plan)),
      traffic_(*problem.cluster.network, framework_, problem.calibration, deviations),
      costs_(problem, plan, traffic_, percentile) {
  for (std::size_t p = 0; p < plan.pipelines.size(); ++p) build_pipeline(p);
  for (const Disturbance::Slow& slow : problem.disturbance.slow) {
    const auto p = static_cast<std::size_t>(slow.pipeline);
    const auto s = static_cast<std::size_t>(slow.stage);
    const auto r = static_cast<std::size_t>(slow.replica);
    if (p >= chains_.size() || r >= chains_[p].size() ||
        s >= static_cast<std::size_t>(chains_[p][r].stages)) {
      throw_bad_input(fmt::format("the plan has no pipeline {} stage {} replica {} to slow down",
                                  slow.pipeline, slow.stage, slow.replica));
    }
    Chain& chain = chains_[p][r];
    for (std::size_t v = s; v < chain.forward_s.size();
         v += static_cast<std::size_t>(chain.stages)) {
      for (auto* times : {&chain.forward_s, &chain.backward_s, &chain.weight_gradient_s}) {
        (*times)[v] *= slow.factor;
      }
    }
    nodes_[p][s][r].update_s *= slow.factor;
  }
}

void Iteration::build_pipeline(std::size_t p) {
  const Pipeline& pipeline = plan_.pipelines[p];
  const int chunks = chunks_of(pipeline, p);
  const auto stages = pipeline.stages.size();
  const auto replicas = pipeline.stages.front().replicas.size();
  auto& nodes = nodes_.emplace_back(stages, std::vector<Node>(replicas));
  auto& chains = chains_.emplace_back();
  const std::size_t virtual_stages = stages * static_cast<std::size_t>(chunks);
  for (std::size_t r = 0; r < replicas; ++r) {
    Chain& chain = chains.emplace_back();
    chain.schedule = plan_.schedule;
    chain.microbatches = microbatches_[p][r];
    chain.stages = static_cast<int>(stages);
    chain.chunks = chunks;
    chain.sends = framework_.sends;
    chain.gradient_before_activation = framework_.gradient_before_activation;
    for (std::size_t v = 0; v < virtual_stages; ++v) {
      const std::size_t s = v % stages;
      const LayerRange& layers = pipeline.stages[s].chunks[v / stages];
      const LayerCosts& cost = costs_.of(placement_[p][s][r]);
      chain.forward_s.push_back(sum_between(cost.forward_s, layers));
      chain.backward_s.push_back(sum_between(cost.backward_s, layers));
      chain.weight_gradient_s.push_back(kWeightShare * chain.backward_s.back());
      Node& node = nodes[s][r];
      node.update_s += sum_between(cost.update_s, layers);
      node.gradient_bytes += sum_between(cost.gradient_bytes, layers);
      node.parameter_bytes += sum_between(cost.parameter_bytes, layers);
      if (v + 1 == virtual_stages) continue;
      const PlacedReplica& here = placement_[p][s][r];
      const PlacedReplica& next = placement_[p][(v + 1) % stages][r];
      const double bytes = cost.output_bytes[static_cast<std::size_t>(layers.end) - 1];
      const bool same_gpu = s == (v + 1) % stages;
      chain.activation_s.push_back(same_gpu ? 0 : traffic_.message_s(here, next, bytes));
      chain.gradient_s.push_back(same_gpu ? 0 : traffic_.message_s(next, here, bytes));
    }
    add_sharded_weights(chain, p, r);
  }
  std::vector<double>& sync = sync_s_.emplace_back();
  for (std::size_t s = 0; s < stages; ++s) {
    sync.push_back(sync_s(p, s));
    if (plan_.zero_stage == 0) continue;
    for (Node& node : nodes[s]) node.update_s /= static_cast<double>(replicas);
  }
  if (framework_.overlaps_sync && replicas > 1) {
    for (Chain& chain : chains) {
      chain.last_backward_factor = problem_.calibration.overlap_slowdown;
    }
  }
}

/// ZeRO 3 gathers weights before each forward and backward and scatters gradients after each
/// backward, one layer ahead of the computation: what does not fit beside it is exposed
/// (Rajbhandari et al. 2020, section 7).
void Iteration::add_sharded_weights(Chain& chain, std::size_t p, std::size_t r) const {
  if (plan_.zero_stage < 3) return;
  const auto stages = static_cast<std::size_t>(chain.stages);
  for (std::size_t v = 0; v < chain.forward_s.size(); ++v) {
    const std::size_t s = v % stages;
    const LayerRange& layers = plan_.pipelines[p].stages[s].chunks[v / stages];
    const LayerCosts& cost = costs_.of(placement_[p][s][r]);
    // A gather, or a scatter, is half an all-reduce.
    const double gather_s =
        0.5 * traffic_.all_reduce_s(placement_[p][s], sum_between(cost.parameter_bytes, layers));
    const double scatter_s =
        0.5 * traffic_.all_reduce_s(placement_[p][s], sum_between(cost.gradient_bytes, layers));
    chain.forward_s[v] = std::max(chain.forward_s[v], gather_s);
    chain.backward_s[v] = std::max(chain.backward_s[v], gather_s + scatter_s);
  }
}

ComputationNoise Iteration::noise_of(std::size_t p, std::size_t r) const {
  // Each chain draws its own numbers, whatever the number of chains.
  return {problem_.disturbance.noise,
          problem_.disturbance.seed + 0x10001 * (r + 1) + 0x1000003 * p};
}

std::vector<ChainTimes> Iteration::chain_times(std::size_t p) const {
  std::vector<ChainTimes> out;
  const std::vector<Chain>& chains = chains_[p];
  if (problem_.disturbance.noise > 0) {
    for (std::size_t r = 0; r < chains.size(); ++r) {
      ComputationNoise noise = noise_of(p, r);
      out.push_back(simulate(chains[r], &noise));
    }
    return out;
  }
  std::vector<std::size_t> distinct;
  for (std::size_t r = 0; r < chains.size(); ++r) {
    const auto same = std::find_if(distinct.begin(), distinct.end(),
                                   [&](std::size_t d) { return chains[d] == chains[r]; });
    if (same != distinct.end()) {
      out.push_back(out[*same]);
    } else {
      distinct.push_back(r);
      out.push_back(times_of(chains[r]));
    }
  }
  return out;
}

Iteration::Times Iteration::times() const {
  Times out;
  std::vector<std::vector<ChainTimes>> chains;
  std::size_t last_pipeline = 0;
  std::size_t last_replica = 0;
  for (std::size_t p = 0; p < chains_.size(); ++p) {
    chains.push_back(chain_times(p));
    for (std::size_t r = 0; r < chains[p].size(); ++r) {
      const double end_s = chains[p][r].end_s();
      if (end_s > out.pipelines_end_s) {
        out.pipelines_end_s = end_s;
        last_pipeline = p;
        last_replica = r;
      }
    }
  }
  double updated_s = 0;
  const auto ends = stage_ends(chains);
  for (std::size_t p = 0; p < ends.size(); ++p) {
    for (std::size_t s = 0; s < ends[p].size(); ++s) {
      for (std::size_t r = 0; r < nodes_[p][s].size(); ++r) {
        const double start_s = ends[p][s].update_start_s[r];
        out.gradients_end_s = std::max(out.gradients_end_s, start_s);
        updated_s = std::max(updated_s, start_s + nodes_[p][s][r].update_s);
      }
    }
  }
  out.end_s = updated_s + problem_.calibration.iteration_overhead_s;

  const Chain& chain = chains_[last_pipeline][last_replica];
  const auto stages = static_cast<std::size_t>(chain.stages);
  double busiest_s = -1;
  for (std::size_t s = 0; s < stages; ++s) {
    double busy_s = 0;
    for (std::size_t v = s; v < chain.forward_s.size(); v += stages) {
      busy_s += chain.microbatches * (chain.forward_s[v] + chain.backward_s[v]);
      busy_s += (chain.last_backward_factor - 1) * chain.backward_s[v];
    }
    if (busy_s > busiest_s) {
      busiest_s = busy_s;
      out.slowest_stage = static_cast<int>(s);
    }
  }
  for (std::size_t p = 0; p < last_pipeline; ++p) {
    out.slowest_stage += static_cast<int>(nodes_[p].size());
  }
  out.microbatches = chain.microbatches;
  Chain without_transfers = chain;
  std::fill(without_transfers.activation_s.begin(), without_transfers.activation_s.end(), 0);
  std::fill(without_transfers.gradient_s.begin(), without_transfers.gradient_s.end(), 0);
  const double without_s = std::min(times_of(without_transfers).end_s(), out.pipelines_end_s);
  out.breakdown.compute_s = std::min(busiest_s, without_s);
  // What sums in another order leave over is no bubble.
  const auto beyond = [](double later_s, double earlier_s) {
    const double rest_s = later_s - earlier_s;
    return rest_s > 1e-12 * later_s ? rest_s : 0;
  };
  out.breakdown.bubble_s = beyond(without_s, out.breakdown.compute_s);
  out.breakdown.exposed_transfer_s = beyond(out.pipelines_end_s, without_s);
  out.breakdown.exposed_sync_s = out.gradients_end_s - out.pipelines_end_s;
  out.breakdown.update_s = updated_s - out.gradients_end_s;
  out.breakdown.overhead_s = problem_.calibration.iteration_overhead_s;
  return out;
}

}  // namespace sextant
