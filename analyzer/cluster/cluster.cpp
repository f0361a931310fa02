#include "analyzer/cluster/cluster.h"

#include <algorithm>
#include <charconv>
#include <numeric>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

double Cluster::egress(std::string_view from_zone, std::string_view to_zone) const {
  if (egress_usd_per_byte.empty()) return 0;
  const auto found = egress_usd_per_byte.find({std::string(from_zone), std::string(to_zone)});
  return found == egress_usd_per_byte.end() ? 0 : found->second;
}

const GpuPool* Cluster::find(std::string_view gpu, std::string_view zone) const {
  const auto found = std::find_if(pools.begin(), pools.end(), [&](const GpuPool& pool) {
    return pool.gpu == gpu && pool.zone == zone;
  });
  return found == pools.end() ? nullptr : &*found;
}

int Cluster::gpu_count() const {
  return std::accumulate(pools.begin(), pools.end(), 0,
                         [](int sum, const GpuPool& pool) { return sum + pool.count; });
}

std::string Cluster::summary() const {
  std::string out;
  for (const GpuPool& pool : pools) {
    out += fmt::format("{}{}x{}@{}", out.empty() ? "" : "+", pool.count, pool.gpu, pool.zone);
  }
  return out;
}

GpuCount gpu_count_from(std::string_view text) {
  constexpr int kMostGpus = 1'000'000;
  const std::size_t times = text.find('x');
  const std::size_t at = text.find('@');
  int count = 0;
  const char* end = text.data() + std::min(times, text.size());
  const auto parsed = std::from_chars(text.data(), end, count);
  const bool valid = times != std::string_view::npos && at != std::string_view::npos &&
                     times + 1 < at && at + 1 < text.size() && parsed.ec == std::errc() &&
                     parsed.ptr == end && count >= 1 && count <= kMostGpus;
  if (!valid) {
    throw_usage(fmt::format("expected GPUs as in 4xA100-40@us-central1-a, found {}", quote(text)));
  }
  return {std::string(text.substr(times + 1, at - times - 1)), std::string(text.substr(at + 1)),
          count};
}

Cluster cluster_of(const std::vector<GpuCount>& gpus, const GpuResolver& resolve) {
  Cluster cluster;
  for (const GpuCount& available : gpus) {
    const GpuDefaults known = resolve(available.gpu);
    if (known.memory_bytes <= 0 || known.gpus_per_node < 1) {
      throw_bad_input(
          fmt::format("the memory or the GPUs per node of {} are not known", quote(known.name)));
    }
    if (cluster.find(known.name, available.zone) != nullptr) {
      throw_bad_input(
          fmt::format("{} in {} stands twice", quote(known.name), quote(available.zone)));
    }
    GpuPool pool;
    pool.gpu = known.name;
    pool.zone = available.zone;
    pool.count = available.count;
    pool.gpus_per_node = known.gpus_per_node;
    pool.memory_bytes = known.memory_bytes;
    pool.usd_per_hour = known.usd_per_hour;
    if (pool.usd_per_hour <= 0) note_missing_price(cluster, pool.gpu);
    cluster.pools.push_back(std::move(pool));
  }
  cluster.name = cluster.summary();
  return cluster;
}

void note_missing_price(Cluster& cluster, std::string_view gpu) {
  std::string note = fmt::format("no price of {}: it counts as free", gpu);
  const auto found = std::find(cluster.notes.begin(), cluster.notes.end(), note);
  if (found == cluster.notes.end()) cluster.notes.push_back(std::move(note));
}

}  // namespace sextant
