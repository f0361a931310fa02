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
#ifdef SEXTANT_BENCH_NCCL
#include "nccl_bench/nccl/cuda_load.h"
#include "nccl_bench/nccl/gpu_rank.h"
#include "nccl_bench/nccl/nccl_backend.h"
#endif

namespace sextant::bench {

#ifndef SEXTANT_BENCH_NCCL
// A build without NCCL never chooses it.
namespace {

int visible_gpu_count() {
  return 0;
}
[[noreturn]] void no_nccl() {
  throw_usage("--backend nccl: this build has no NCCL");
}
std::unique_ptr<Group> open_nccl_group(const GroupSetting&) {
  no_nccl();
}
std::unique_ptr<ComputeLoad> open_cuda_load(int) {
  no_nccl();
}
BandwidthRank describe_gpu_rank(int, const std::string&) {
  no_nccl();
}
std::map<std::string, std::string> nccl_versions() {
  no_nccl();
}
std::map<std::string, std::string> nccl_provenance(int) {
  no_nccl();
}

}  // namespace
#endif

BackendKind choose_backend(const BenchOptions& options) {
  const int gpus = visible_gpu_count();
  const BackendKind backend =
      options.backend.value_or(gpus > 0 ? BackendKind::kNccl : BackendKind::kGloo);
  if (backend == BackendKind::kNccl) {
#ifndef SEXTANT_BENCH_NCCL
    no_nccl();
#endif
    if (gpus == 0) {
      throw_bad_input(
          "--backend nccl: no GPU is visible to this process (sextant doctor says why)");
    }
    return backend;
  }
#ifndef USE_C10D_GLOO
  throw_usage("this build has no Gloo; install its headers (libgloo-dev) and configure again");
#endif
  return backend;
}

int default_local_ranks(BackendKind backend) {
  return backend == BackendKind::kNccl ? visible_gpu_count() : 2;
}

std::unique_ptr<Group> open_group(const GroupSetting& setting) {
  if (setting.backend == BackendKind::kNccl) return open_nccl_group(setting);
#ifdef USE_C10D_GLOO
  return open_gloo_group(setting);
#else
  throw_usage("this build has no Gloo");
#endif
}

std::unique_ptr<ComputeLoad> open_compute_load(BackendKind backend, int device, int local_ranks) {
  if (backend == BackendKind::kNccl) return open_cuda_load(device);
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  return open_cpu_load(std::max(1, cores / local_ranks));
}

BandwidthRank describe_rank(BackendKind backend, int device, const std::string& gpu_type) {
  if (backend == BackendKind::kNccl) return describe_gpu_rank(device, gpu_type);
  BandwidthRank rank;
  rank.host = host_name();
  rank.device = "CPU";
  rank.gpu = gpu_type.empty() ? "CPU" : gpu_type;
  const std::string name = cpu_name();
  if (!name.empty()) rank.details["cpu_name"] = name;
  return rank;
}

std::map<std::string, std::string> backend_versions(BackendKind backend) {
  if (backend == BackendKind::kNccl) return nccl_versions();
  return {{"libtorch", TORCH_VERSION}};
}

std::map<std::string, std::string> backend_provenance(BackendKind backend, int device) {
  if (backend == BackendKind::kNccl) return nccl_provenance(device);
  const std::string name = cpu_name();
  if (name.empty()) return {};
  return {{"cpu_name", name}};
}

Evidence evidence_of(BackendKind backend) {
  return backend == BackendKind::kNccl ? Evidence::kMeasuredGpu : Evidence::kMeasuredCpu;
}

}  // namespace sextant::bench
