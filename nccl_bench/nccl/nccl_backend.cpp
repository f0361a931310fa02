#include "nccl_bench/nccl/nccl_backend.h"

#include <algorithm>
#include <torch/csrc/distributed/c10d/Store.hpp>
#include <torch/version.h>
#include <vector>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/provenance.h"
#include "nccl_bench/nccl/gpu_rank.h"
#include "nccl_bench/nccl/nccl_group.h"
#include "nccl_bench/nccl/nccl_log.h"

namespace sextant::bench {

namespace {

/// NCCL looks at NCCL_DEBUG once, when it is first called.
const NcclLog& process_log() {
  static const NcclLog log;
  return log;
}

/// The same of all ranks of the group.
NcclId shared_id(const GroupSetting& setting) {
  constexpr const char* kKey = "nccl_id";
  NcclId id{};
  if (setting.rank == 0) {
    id = make_nccl_id();
    setting.store->set(kKey, std::vector<std::uint8_t>(id.begin(), id.end()));
    return id;
  }
  const std::vector<std::uint8_t> bytes = setting.store->get(kKey);
  if (bytes.size() != id.size()) {
    throw_bad_input(fmt::format("rank {}: expected {} bytes that start a group, found {}",
                                setting.rank, id.size(), bytes.size()));
  }
  std::copy(bytes.begin(), bytes.end(), id.begin());
  return id;
}

}  // namespace

std::unique_ptr<Group> open_nccl_group(const GroupSetting& setting) {
  const NcclLog& log = process_log();
  return open_nccl_group(shared_id(setting), setting.rank, setting.size, setting.device,
                         setting.timeout, log);
}

BandwidthRank describe_gpu_rank(int device, const std::string& gpu_type) {
  const GpuRank gpu(device);
  BandwidthRank rank;
  rank.host = host_name();
  rank.device = gpu.device_name();
  rank.gpu = gpu_type.empty() ? gpu.gpu_type() : gpu_type;
  rank.details = gpu.details();
  rank.details.merge(gpu.paths());
  return rank;
}

std::map<std::string, std::string> nccl_versions() {
  return {{"libtorch", TORCH_VERSION}, {"nccl", nccl_version()}};
}

std::map<std::string, std::string> nccl_provenance(int device) {
  std::map<std::string, std::string> all = GpuRank(device).details();
  std::map<std::string, std::string> provenance;
  for (const char* name : {"gpu_name", "driver", "cuda"}) provenance[name] = all[name];
  return provenance;
}

}  // namespace sextant::bench
