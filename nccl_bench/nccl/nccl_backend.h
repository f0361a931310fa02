#pragma once

#include <map>
#include <memory>
#include <string>

#include "nccl_bench/backend.h"

namespace sextant::bench {

// What backend.h offers, of GPUs.

std::unique_ptr<Group> open_nccl_group(const GroupSetting& setting);
BandwidthRank describe_gpu_rank(int device, const std::string& gpu_type);
std::map<std::string, std::string> nccl_versions();
std::map<std::string, std::string> nccl_provenance(int device);

}  // namespace sextant::bench
