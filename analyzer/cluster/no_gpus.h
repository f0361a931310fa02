#pragma once

#include <string>

#include "analyzer/cluster/cluster.h"

namespace sextant {

/// Why a cluster without GPUs has none, naming the quotas that forbid them.
std::string why_no_gpus(const Cluster& cluster);

}  // namespace sextant
