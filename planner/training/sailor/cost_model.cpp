#include "planner/training/sailor/cost_model.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "planner/training/sailor/data_parallel_degrees.h"
#include "planner/training/sailor/quirks.h"

namespace sextant::sailor_search {

CostModel::CostModel(const LayerTables& tables, LinkTimes& links, const Resources& resources,
                     int global_batch)
    : tables_(tables), links_(links), resources_(resources), global_batch_(global_batch) {}

void CostModel::begin(int microbatch, const std::vector<LayerRange>& stages,
                      const TensorDegrees& degrees, int replicas) {
  microbatch_ = microbatch;
  stages_ = &stages;
  degrees_ = &degrees;
  replicas_ = replicas;
  microbatch_count_ = microbatch_count(global_batch_, microbatch, replicas);
}

Estimate CostModel::stage(int stage, TypeSet types, int first_zone, const std::vector<int>& zones) {
  const LayerRange layers = (*stages_)[static_cast<std::size_t>(stage)];
  double compute_s = 0;
  double update_s = 0;
  int smallest_tp = kTensorDegrees.back();
  int slowest_type = 0;
  int slowest_zone = first_zone;
  double slowest = std::numeric_limits<double>::infinity();
  for (int type = 0; type < resources_.type_count(); ++type) {
    if ((types >> type & 1U) == 0) continue;
    const int tp = (*degrees_)[static_cast<std::size_t>(type)][static_cast<std::size_t>(stage)];
    const PointTimes& times = *tables_.times(type, microbatch_, tp);
    compute_s = std::max(compute_s, std::accumulate(times.layer_s.begin() + layers.first,
                                                    times.layer_s.begin() + layers.end, 0.0));
    update_s = std::max(update_s, layers.size() * times.update_s);
    smallest_tp = std::min(smallest_tp, tp);
    if (replicas_ == 1) continue;
    for (const int zone : zones) {
      const double peak = links_.between_zones({type, tp, first_zone}, zone).peak_bytes_per_s();
      if (peak < slowest) {
        slowest = peak;
        slowest_type = type;
        slowest_zone = zone;
      }
    }
  }
  Estimate estimate;
  estimate.compute_s = compute_s;
  estimate.straggler_s = compute_s;
  estimate.first_s = compute_s;
  estimate.update_s = update_s;
  if (replicas_ > 1) {
    const LinkModel& link =
        links_.between_zones({slowest_type, smallest_tp, first_zone},
                             kAllReduceStaysInFirstZone ? first_zone : slowest_zone);
    estimate.sync_s = ring_all_reduce_s(link, tables_.gradient_bytes(layers), replicas_);
  }
  estimate.time_s = microbatch_count_ * compute_s + estimate.sync_s + update_s;
  return estimate;
}

double CostModel::sync_egress_usd(int stage, int zones) const {
  if (zones <= 1 || replicas_ == 1) return 0;
  const double part =
      tables_.gradient_bytes((*stages_)[static_cast<std::size_t>(stage)]) / replicas_;
  return 2 * (replicas_ - 1) * zones * part * kZoneEgressUsdPerByte;
}

Estimate CostModel::merge(int stage, const Estimate& own, std::span<const ReplicaRun> own_runs,
                          const Estimate& rest, std::span<const ReplicaRun> next_runs) {
  const int last_layer = (*stages_)[static_cast<std::size_t>(stage)].end - 1;
  const int size_index = tables_.size_index(last_layer);
  const double bytes = tables_.sizes()[static_cast<std::size_t>(size_index)] * microbatch_;

  // Replica k sends to replica k of the next stage.
  double slowest_s = 0;
  double egress_usd = 0;
  std::size_t own_at = 0;
  std::size_t next_at = 0;
  int own_left = own_runs[0].count;
  int next_left = next_runs[0].count;
  while (true) {
    const int both = std::min(own_left, next_left);
    const Place& from = own_runs[own_at].place;
    const Place& to = next_runs[next_at].place;
    slowest_s = std::max(slowest_s, links_.message_s(from, to, size_index));
    egress_usd += both * links_.egress_usd_per_byte(from.zone, to.zone) * bytes;
    own_left -= both;
    next_left -= both;
    if (own_left == 0) {
      if (++own_at == own_runs.size()) break;
      own_left = own_runs[own_at].count;
    }
    if (next_left == 0) {
      if (++next_at == next_runs.size()) break;
      next_left = next_runs[next_at].count;
    }
  }

  Estimate merged;
  merged.compute_s = own.compute_s + rest.compute_s;
  merged.straggler_s =
      std::max({own.straggler_s + slowest_s, rest.first_s + slowest_s, rest.straggler_s});
  merged.first_s = own.compute_s + slowest_s;
  merged.transfer_s = rest.transfer_s + slowest_s + slowest_s;
  merged.sync_s = std::max(own.sync_s, rest.sync_s);
  merged.update_s = std::max(own.update_s, rest.update_s);
  merged.time_s = (microbatch_count_ - 1) * merged.straggler_s + merged.transfer_s +
                  merged.compute_s + merged.sync_s +
                  (kPipelinesUpdateForFree ? 0 : merged.update_s);
  merged.egress_usd = own.egress_usd + rest.egress_usd + 2 * microbatch_count_ * egress_usd;
  merged.usd_per_s = own.usd_per_s + rest.usd_per_s;
  return merged;
}

}  // namespace sextant::sailor_search
