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

/// Of the gradients of a stage among its replicas; with ZeRO 1 and 2 the scatter of gradients and
/// the gather of updated weights.
double Iteration::sync_s(std::size_t p, std::size_t s) const {
  if (plan_.zero_stage >= 3) return 0;  // with each microbatch
  double gradients = 0;
  double weights = 0;
  for (const Node& node : nodes_[p][s]) {
    gradients = std::max(gradients, node.gradient_bytes);
    weights = std::max(weights, node.parameter_bytes);
  }
  const double reduce_s = traffic_.all_reduce_s(placement_[p][s], gradients);
  if (plan_.zero_stage == 0) return reduce_s;
  return 0.5 * (reduce_s + traffic_.all_reduce_s(placement_[p][s], weights));
}

/// Of a table that the first and the last stage both hold.
double Iteration::tied_table_s(std::size_t p) const {
  const auto stages = plan_.pipelines[p].stages.size();
  if (problem_.model == nullptr || !problem_.model->tied_embeddings || stages < 2) return 0;
  double slowest_s = 0;
  for (std::size_t r = 0; r < placement_[p].front().size(); ++r) {
    const PlacedReplica& first = placement_[p].front()[r];
    const LayerCosts& cost = costs_.of(first);
    const double bytes = cost.gradient_bytes[1];
    slowest_s = std::max(slowest_s, traffic_.all_reduce_s({first, placement_[p].back()[r]}, bytes));
  }
  return slowest_s;
}

/// Of layers that several pipelines hold, after each of them has summed its own.
double Iteration::between_pipelines_s() const {
  if (plan_.pipelines.size() < 2) return 0;
  double slowest_s = 0;
  for (std::size_t p = 0; p < plan_.pipelines.size(); ++p) {
    for (std::size_t s = 0; s < plan_.pipelines[p].stages.size(); ++s) {
      std::vector<PlacedReplica> members;
      for (std::size_t q = 0; q < plan_.pipelines.size(); ++q) {
        const auto& stages = plan_.pipelines[q].stages;
        const std::size_t same = std::min(s, stages.size() - 1);
        PlacedReplica member = placement_[q][same].front();
        member.neighbours = 1;
        members.push_back(member);
      }
      slowest_s =
          std::max(slowest_s, traffic_.all_reduce_s(members, nodes_[p][s][0].gradient_bytes));
    }
  }
  return slowest_s;
}

std::vector<ChainTimes> Iteration::chain_times(std::size_t p) const {
  std::vector<ChainTimes> out;
  const std::vector<Chain>& chains = chains_[p];
  if (problem_.disturbance.noise > 0) {
    for (std::size_t r = 0; r < chains.size(); ++r) {
      ComputationNoise noise(problem_.disturbance.noise,
                             problem_.disturbance.seed + 0x10001 * (r + 1) + 0x1000003 * p);
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

std::vector<std::vector<Iteration::StageEnd>> Iteration::stage_ends(
    const std::vector<std::vector<ChainTimes>>& chains) const {
  std::vector<std::vector<StageEnd>> out;
  double all_synced_s = 0;
  for (std::size_t p = 0; p < chains.size(); ++p) {
    auto& ends = out.emplace_back(nodes_[p].size());
    for (std::size_t s = 0; s < ends.size(); ++s) {
      StageEnd& end = ends[s];
      double computed_s = 0;
      double first_bucket_s = 0;
      for (const ChainTimes& chain : chains[p]) {
        computed_s = std::max(computed_s, chain.stage_end_s[s]);
        first_bucket_s = std::max(first_bucket_s, chain.last_backward_start_s[s]);
      }
      end.sync_start_s = computed_s;
      end.sync_end_s = computed_s + sync_s_[p][s];
      if (framework_.overlaps_sync && sync_s_[p][s] > 0) {
        // Buckets become final one after the other along the last backward; the last one with its
        // end.
        const double bytes = nodes_[p][s][0].gradient_bytes;
        const double buckets =
            framework_.bucket_bytes > 0 ? std::ceil(bytes / framework_.bucket_bytes) : 1;
        const double each_s = sync_s_[p][s] / buckets;
        const double step_s = (computed_s - first_bucket_s) / buckets;
        end.sync_start_s = first_bucket_s + step_s;
        end.sync_end_s = std::max(end.sync_start_s + sync_s_[p][s], computed_s + each_s);
      }
    }
    const double tied_s = tied_table_s(p);
    if (tied_s > 0) {
      const double both_s = std::max(ends.front().sync_end_s, ends.back().sync_end_s) + tied_s;
      ends.front().sync_end_s = both_s;
      ends.back().sync_end_s = both_s;
    }
    for (const StageEnd& end : ends) all_synced_s = std::max(all_synced_s, end.sync_end_s);
  }
  const double across_s = between_pipelines_s();
  for (std::size_t p = 0; p < out.size(); ++p) {
    for (std::size_t s = 0; s < out[p].size(); ++s) {
      StageEnd& end = out[p][s];
      if (across_s > 0) end.sync_end_s = all_synced_s + across_s;
      const bool together = framework_.waits_before_update;
      end.update_start_s.assign(nodes_[p][s].size(),
                                together ? all_synced_s + across_s : end.sync_end_s);
      if (together || sync_s_[p][s] > 0 || across_s > 0) continue;
      if (end.sync_end_s > end.sync_start_s) continue;  // a tied table
      for (std::size_t r = 0; r < end.update_start_s.size(); ++r) {
        end.update_start_s[r] = chains[p][r].stage_end_s[s];
      }
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

std::vector<StagePrediction> Iteration::stages() const {
  std::vector<StagePrediction> out;
  for (std::size_t p = 0; p < chains_.size(); ++p) {
    for (std::size_t s = 0; s < nodes_[p].size(); ++s) {
      StagePrediction& stage = out.emplace_back();
      for (std::size_t r = 0; r < chains_[p].size(); ++r) {
        const Chain& chain = chains_[p][r];
        double compute_s = 0;
        double transfer_s = 0;
        for (std::size_t v = s; v < chain.forward_s.size(); v += nodes_[p].size()) {
          compute_s += chain.forward_s[v] + chain.backward_s[v];
          if (v + 1 < chain.forward_s.size()) transfer_s += chain.activation_s[v];
          if (v > 0) transfer_s += chain.gradient_s[v - 1];
        }
        stage.compute_s = std::max(stage.compute_s, compute_s);
        stage.transfer_s = std::max(stage.transfer_s, transfer_s);
        stage.update_s = std::max(stage.update_s, nodes_[p][s][r].update_s);
      }
      stage.sync_s = sync_s_[p][s];
    }
  }
  return out;
}

double Iteration::egress_usd() const {
  double usd = 0;
  for (std::size_t p = 0; p < chains_.size(); ++p) {
    const Pipeline& pipeline = plan_.pipelines[p];
    const auto stages = pipeline.stages.size();
    for (std::size_t r = 0; r < chains_[p].size(); ++r) {
      for (std::size_t v = 0; v + 1 < chains_[p][r].forward_s.size(); ++v) {
        const PlacedReplica& here = placement_[p][v % stages][r];
        const PlacedReplica& next = placement_[p][(v + 1) % stages][r];
        const LayerRange& layers = pipeline.stages[v % stages].chunks[v / stages];
        const double bytes = costs_.of(here).output_bytes[static_cast<std::size_t>(layers.end) - 1];
        usd += microbatches_[p][r] * (traffic_.message_bytes(here, next, bytes) *
                                          problem_.cluster.egress(here.zone, next.zone) +
                                      traffic_.message_bytes(next, here, bytes) *
                                          problem_.cluster.egress(next.zone, here.zone));
      }
    }
    for (std::size_t s = 0; s < stages; ++s) {
      const auto& members = placement_[p][s];
      const auto count = static_cast<double>(members.size());
      for (std::size_t r = 0; count > 1 && r < members.size(); ++r) {
        const PlacedReplica& next = members[(r + 1) % members.size()];
        usd += 2 * (count - 1) / count * nodes_[p][s][r].gradient_bytes * members[r].tp *
               problem_.cluster.egress(members[r].zone, next.zone);
      }
    }
  }
  return usd;
}

Timeline Iteration::timeline() const {
  Timeline out;
  std::vector<std::vector<ChainTimes>> chains;
  std::vector<std::vector<int>> first_track;  // by pipeline, replica: the track of its stage 0
  for (std::size_t p = 0; p < chains_.size(); ++p) {
    auto& times = chains.emplace_back();
    auto& tracks = first_track.emplace_back();
    for (std::size_t r = 0; r < chains_[p].size(); ++r) {
      const Chain& chain = chains_[p][r];
      const int first = static_cast<int>(out.tracks.size());
      tracks.push_back(first);
      for (int s = 0; s < chain.stages; ++s) {
        out.tracks.push_back({static_cast<int>(p), s, static_cast<int>(r)});
      }
      const std::size_t before = out.spans.size();
      ComputationNoise noise(problem_.disturbance.noise,
                             problem_.disturbance.seed + 0x10001 * (r + 1) + 0x1000003 * p);
      times.push_back(
          simulate(chain, problem_.disturbance.noise > 0 ? &noise : nullptr, &out.spans));
      for (std::size_t i = before; i < out.spans.size(); ++i) out.spans[i].track += first;
    }
  }
  const auto ends = stage_ends(chains);
  for (std::size_t p = 0; p < ends.size(); ++p) {
    for (std::size_t s = 0; s < ends[p].size(); ++s) {
      const StageEnd& end = ends[p][s];
      for (std::size_t r = 0; r < nodes_[p][s].size(); ++r) {
        const int track = first_track[p][r] + static_cast<int>(s);
        if (end.sync_end_s > end.sync_start_s) {
          out.spans.push_back(
              {track, Stream::kSync, Activity::kSync, -1, 0, end.sync_start_s, end.sync_end_s});
        }
        const double start_s = end.update_start_s[r];
        const double update_s = nodes_[p][s][r].update_s;
        if (update_s > 0) {
          out.spans.push_back(
              {track, Stream::kCompute, Activity::kUpdate, -1, 0, start_s, start_s + update_s});
        }
        out.end_s = std::max(out.end_s, start_s + update_s);
      }
    }
  }
  std::stable_sort(out.spans.begin(), out.spans.end(),
                   [](const TimelineSpan& a, const TimelineSpan& b) {
                     return std::tie(a.track, a.start_s) < std::tie(b.track, b.start_s);
                   });
  out.end_s += problem_.calibration.iteration_overhead_s;
  return out;
}

}  // namespace sextant
