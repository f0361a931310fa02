#include "planner/training/elastic/availability_periods.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/profile/gpu.h"

namespace sextant {

namespace {

std::string pool_names(const Cluster& cluster) {
  std::string out;
  for (const GpuPool& pool : cluster.pools) {
    out += fmt::format("{}{}@{}", out.empty() ? "" : ", ", pool.gpu, pool.zone);
  }
  return out;
}

/// By column, the index of its pool.
std::vector<std::size_t> pools_of_columns(const AvailabilityTrace& trace, const Cluster& cluster) {
  std::vector<std::size_t> out;
  for (const AvailabilityTrace::Column& column : trace.columns) {
    const std::optional<GpuSpec> known = find_gpu(column.gpu);
    const auto pool =
        std::find_if(cluster.pools.begin(), cluster.pools.end(), [&](const GpuPool& one) {
          return one.zone == column.zone &&
                 (one.gpu == column.gpu || (known && one.gpu == known->name));
        });
    if (pool == cluster.pools.end()) {
      throw_bad_input(fmt::format("{}: expected GPUs of cluster {} ({}), found {} in zone {}",
                                  trace.file, quote(cluster.name), pool_names(cluster),
                                  quote(column.gpu), quote(column.zone)));
    }
    const auto index = static_cast<std::size_t>(pool - cluster.pools.begin());
    if (std::find(out.begin(), out.end(), index) != out.end()) {
      throw_bad_input(
          fmt::format("{}: expected each pool of the cluster once, found {} in zone {} "
                      "under two names",
                      trace.file, pool->gpu, quote(column.zone)));
    }
    out.push_back(index);
  }
  return out;
}

Cluster cluster_in(const Cluster& cluster, const std::vector<std::size_t>& pools,
                   const std::vector<int>& counts) {
  Cluster out = cluster;
  for (std::size_t c = 0; c < pools.size(); ++c) {
    GpuPool& pool = out.pools[pools[c]];
    pool.count = pool.quota ? std::min(counts[c], *pool.quota) : counts[c];
  }
  std::erase_if(out.pools, [](const GpuPool& pool) { return pool.count == 0; });
  return out;
}

}  // namespace

std::vector<AvailabilityPeriod> availability_periods(const AvailabilityTrace& trace,
                                                     const Cluster& cluster,
                                                     std::optional<double> until_s) {
  const std::vector<std::size_t> pools = pools_of_columns(trace, cluster);
  const double first_s = trace.rows.front().time_s;
  const double last_s = trace.rows.back().time_s - first_s;
  if (until_s && *until_s <= last_s) {
    throw_usage(
        fmt::format("{}: the last row is {:g} s after the first, so that the end must be "
                    "later than {:g} s",
                    trace.file, last_s, *until_s));
  }
  std::vector<AvailabilityPeriod> out;
  const std::vector<int>* counts = nullptr;
  for (const TraceRow& row : trace.rows) {
    const double from_s = row.time_s - first_s;
    const bool is_last = &row == &trace.rows.back();
    const double end_s = is_last ? until_s.value_or(from_s) : from_s + row.duration_s;
    if (end_s <= from_s) continue;
    if (counts != nullptr && *counts == row.counts) {
      out.back().duration_s = end_s - out.back().from_s;
      continue;
    }
    counts = &row.counts;
    out.push_back({from_s, end_s - from_s, cluster_in(cluster, pools, row.counts)});
  }
  if (out.empty()) {
    throw_bad_input(fmt::format(
        "{}: expected a row after the first, or the time until which that one lasts, found neither",
        trace.file));
  }
  return out;
}

AvailabilityTrace read_availability(const std::string& path, const Cluster& cluster,
                                    const std::string& counted) {
  if (!path.ends_with(".json")) {
    if (!counted.empty()) {
      throw_usage(
          fmt::format("{}: a CSV trace says itself what it counts; leave out the GPU type "
                      "{}",
                      path, quote(counted)));
    }
    return read_trace_csv(path);
  }
  if (!counted.empty()) {
    const std::size_t at = counted.find('@');
    if (at == std::string::npos || at == 0 || at + 1 == counted.size()) {
      throw_usage(
          fmt::format("expected what the trace counts as TYPE@ZONE, found {}", quote(counted)));
    }
    return read_trace_json(path, counted.substr(0, at), counted.substr(at + 1));
  }
  if (cluster.pools.size() != 1) {
    throw_usage(
        fmt::format("{}: a JSON trace does not say what it counts, and cluster {} has {}: "
                    "name one as TYPE@ZONE",
                    path, quote(cluster.name), pool_names(cluster)));
  }
  return read_trace_json(path, cluster.pools[0].gpu, cluster.pools[0].zone);
}

}  // namespace sextant
