#pragma once

#include <c10/util/intrusive_ptr.h>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "analyzer/network/bandwidth_document.h"
#include "nccl_bench/bench_options.h"
#include "nccl_bench/group.h"
#include "nccl_bench/overlap.h"

// The one place that knows which backends there are.

namespace sextant::bench {

/// The backend that the options name, else NCCL where this build has it and the machine a GPU, else
/// Gloo. Throws Error(kUsage) where the named one is not in this build.
BackendKind choose_backend(const BenchOptions& options);

/// How many ranks this process has where nobody says: one for each GPU, with Gloo 2.
int default_local_ranks(BackendKind backend);

/// Which rank opens a group, and where.
struct GroupSetting {
  BackendKind backend = BackendKind::kGloo;
  c10::intrusive_ptr<c10d::Store> store;  ///< the group's own keys
  int rank = 0;                           ///< of the group
  int size = 1;
  int device = 0;  ///< of this machine
  std::chrono::milliseconds timeout{60000};
  std::string rendezvous_host;  ///< tells which network interface leads to the others
};
/// Joins a group; returns when all of its ranks are there. Throws Error(kBadInput).
std::unique_ptr<Group> open_group(const GroupSetting& setting);

/// What a rank computes with while its group communicates. `local_ranks` share the machine.
std::unique_ptr<ComputeLoad> open_compute_load(BackendKind backend, int device, int local_ranks);

/// A rank's host, device and type (`gpu_type` where given), with its details.
BandwidthRank describe_rank(BackendKind backend, int device, const std::string& gpu_type);

/// Versions that all ranks must have alike: "libtorch", "nccl", …
std::map<std::string, std::string> backend_versions(BackendKind backend);
/// Provenance of a document beside the versions: "cpu_name"; "gpu_name", "driver", "cuda".
std::map<std::string, std::string> backend_provenance(BackendKind backend, int device);
/// What times of this backend are worth.
Evidence evidence_of(BackendKind backend);

}  // namespace sextant::bench
