// What happens to gradients after the last backward: iteration.h.
#include <algorithm>
#include <cmath>

#include "analyzer/training/sextant/iteration.h"

namespace sextant {

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

}  // namespace sextant
