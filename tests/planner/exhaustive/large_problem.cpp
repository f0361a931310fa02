#include "tests/planner/exhaustive/large_problem.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "analyzer/model/zoo.h"
#include "analyzer/profile/gpu.h"
#include "analyzer/profile/roofline.h"

namespace sextant::exhaustive {

namespace {

class ZonedNetwork : public Network {
 public:
  LinkModel between(const LinkEnd& from, const LinkEnd& to) const override {
    return from.zone == to.zone ? LinkModel::latency_bandwidth(1e-5, 25e9)
                                : LinkModel::latency_bandwidth(1e-3, 2.5e9);
  }
  std::optional<LinkModel> inside_node(std::string_view /*gpu*/, int /*count*/) const override {
    return LinkModel::latency_bandwidth(5e-6, 150e9);
  }
  std::string describe() const override { return "25 GB/s, 2.5 GB/s between zones"; }
};

constexpr int kGpusPerNode = 4;

}  // namespace

LargeProblem large_problem(const std::string& zoo_model, const std::vector<GpuCount>& gpus) {
  LargeProblem out;
  out.model = sextant::zoo_model(zoo_model);
  out.job.model = zoo_model;
  out.job.global_batch = 1024;
  RooflineOptions options;
  options.dtype = DataType::kFp32;
  options.tensor_degrees = {1, 2, 4};
  for (const GpuCount& some : gpus) {
    const GpuSpec gpu = gpu_named(some.gpu);
    if (out.profile.microbatches(gpu.name).empty()) {
      ModelProfile estimated = estimate_profile(out.model, gpu, options);
      if (out.profile.points.empty()) {
        out.profile = std::move(estimated);
      } else {
        out.profile.points.merge(estimated.points);
      }
    }
    GpuPool pool;
    pool.gpu = gpu.name;
    pool.zone = some.zone;
    pool.count = some.count;
    pool.gpus_per_node = kGpusPerNode;
    pool.memory_bytes = gpu.memory_bytes;
    pool.usd_per_hour = gpu.usd_per_hour.value_or(3);
    for (const GpuPool& other : out.cluster.pools) {
      if (other.zone == pool.zone) continue;
      out.cluster.egress_usd_per_byte[{pool.zone, other.zone}] = 0.01 / 1e9;
      out.cluster.egress_usd_per_byte[{other.zone, pool.zone}] = 0.01 / 1e9;
    }
    out.cluster.pools.push_back(pool);
  }
  out.cluster.network = std::make_shared<ZonedNetwork>();
  return out;
}

std::vector<GpuCount> even_gpus(int gpus, int types, int zones) {
  const char* names[] = {"A100-40", "V100-16", "H100-80", "A100-80"};
  const int pools = types * zones;
  const int nodes = gpus / kGpusPerNode;
  std::vector<GpuCount> out;
  for (int p = 0; p < pools; ++p) {
    const int here = nodes / pools + (p < nodes % pools ? 1 : 0);
    out.push_back({names[p % types], "zone-" + std::to_string(p / types), here * kGpusPerNode});
  }
  return out;
}

}  // namespace sextant::exhaustive
