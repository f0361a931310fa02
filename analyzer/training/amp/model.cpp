#include "analyzer/training/amp/model.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "analyzer/core/error.h"

namespace sextant::amp {

namespace {

/// Forward, and a backward that takes twice as long.
constexpr double kPassesPerForward = 3;

/// First rank of that replica of that stage.
std::int64_t rank_of(const Grid& grid, int stage, int replica) {
  return std::int64_t{grid.tp} * (std::int64_t{grid.dp} * stage + replica);
}

/// Whether any of the `tp` pairs (from + t, to + t) lies on two machines.
bool crosses(std::int64_t from, std::int64_t to, int tp, int gpus_per_node) {
  for (int t = 0; t < tp; ++t) {
    if ((from + t) / gpus_per_node != (to + t) / gpus_per_node) return true;
  }
  return false;
}

double sum(const std::vector<double>& values, const LayerRange& layers) {
  return std::accumulate(values.begin() + layers.first, values.begin() + layers.end, 0.0);
}

}  // namespace

Machines machines_of(const Cluster& cluster, const std::vector<const GpuPool*>& pools, int ranks) {
  Machines out;
  out.gpus_per_node = 0;
  for (const GpuPool* pool : pools) {
    out.gpus_per_node = std::gcd(out.gpus_per_node, pool->gpus_per_node);
  }
  out.bytes_per_s = std::numeric_limits<double>::infinity();
  if (ranks <= out.gpus_per_node) return out;
  if (cluster.network == nullptr) throw_bad_input("amp needs a cluster with a network");
  for (const GpuPool* pool : pools) {
    const LinkEnd end = {pool->zone, pool->gpu, pool->gpus_per_node};
    out.bytes_per_s =
        std::min(out.bytes_per_s, cluster.network->between(end, end).peak_bytes_per_s());
  }
  return out;
}

Cost cost_of(const LayerTables& tables, const Machines& machines, const Grid& grid) {
  const int stages = static_cast<int>(grid.stages.size());
  Cost out;
  out.microbatches =
      static_cast<double>(grid.global_batch) / (static_cast<double>(grid.dp) * grid.microbatch);
  for (int s = 0; s < stages; ++s) {
    const LayerRange& layers = grid.stages[static_cast<std::size_t>(s)];
    StageCost& stage = out.stages.emplace_back();
    stage.compute_s = kPassesPerForward * grid.microbatch * sum(tables.forward_s, layers);
    if (s + 1 < stages) {
      int crossing = 0;
      for (int d = 0; d < grid.dp; ++d) {
        crossing +=
            crosses(rank_of(grid, s, d), rank_of(grid, s + 1, d), grid.tp, machines.gpus_per_node);
      }
      const double bytes =
          tables.sent_bytes[static_cast<std::size_t>(layers.end - 1)] * grid.microbatch;
      stage.transfer_s = bytes / machines.bytes_per_s * crossing / grid.dp;
    }
    // Of the ring the published code looks at the link from the last replica to the first only.
    if (crosses(rank_of(grid, s, grid.dp - 1), rank_of(grid, s, 0), grid.tp,
                machines.gpus_per_node)) {
      stage.sync_s = 2.0 * (grid.dp - 1) / grid.dp * sum(tables.parameter_bytes, layers) /
                     machines.bytes_per_s;
    }
    if (stage.compute_s > out.stages[static_cast<std::size_t>(out.slowest_stage)].compute_s) {
      out.slowest_stage = s;
    }
    out.fill_s += stage.compute_s + stage.transfer_s;
    out.sync_s = std::max(out.sync_s, stage.sync_s);
  }
  out.steady_s =
      (out.microbatches - 1) * out.stages[static_cast<std::size_t>(out.slowest_stage)].compute_s;
  return out;
}

}  // namespace sextant::amp
