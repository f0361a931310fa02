#include "nccl_bench/backend.h"

#include <algorithm>
#include <thread>
#include <torch/version.h>

#include "analyzer/core/error.h"
#include "analyzer/core/provenance.h"
#include "nccl_bench/host_facts.h"
#ifdef USE_C10D_GLOO
#include "nccl_bench/gloo_group.h"
#endif

namespace sextant::bench {

BackendKind choose_backend(const BenchOptions& options) {
  const BackendKind backend = options.backend.value_or(BackendKind::kGloo);
  if (backend == BackendKind::kNccl) throw_usage("--backend nccl: this build has no NCCL");
#ifndef USE_C10D_GLOO
  throw_usage("this build has no Gloo; install its headers (libgloo-dev) and configure again");
#endif
  return backend;
}

int default_local_ranks(BackendKind) {
  return 2;
}

std::unique_ptr<Group> open_group(const GroupSetting& setting) {
#ifdef USE_C10D_GLOO
  return open_gloo_group(setting);
#else
  throw_usage("this build has no Gloo");
#endif
}

std::unique_ptr<ComputeLoad> open_compute_load(BackendKind, int, int local_ranks) {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  return open_cpu_load(std::max(1, cores / local_ranks));
}

BandwidthRank describe_rank(BackendKind, int, const std::string& gpu_type) {
  BandwidthRank rank;
  rank.host = host_name();
  rank.device = "CPU";
  rank.gpu = gpu_type.empty() ? "CPU" : gpu_type;
  const std::string name = cpu_name();
  if (!name.empty()) rank.details["cpu_name"] = name;
  return rank;
}

std::map<std::string, std::string> backend_versions(BackendKind) {
  return {{"libtorch", TORCH_VERSION}};
}

std::map<std::string, std::string> backend_provenance(BackendKind, int) {
  const std::string name = cpu_name();
  if (name.empty()) return {};
  return {{"cpu_name", name}};
}

Evidence evidence_of(BackendKind backend) {
  return backend == BackendKind::kNccl ? Evidence::kMeasuredGpu : Evidence::kMeasuredCpu;
}

}  // namespace sextant::bench
