// What an iteration is made of, for people: iteration.h.
#include <algorithm>
#include <tuple>

#include "analyzer/training/sextant/iteration.h"

namespace sextant {

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
      ComputationNoise noise = noise_of(p, r);
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
