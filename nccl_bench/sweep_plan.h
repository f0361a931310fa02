#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "analyzer/network/bandwidth_document.h"
#include "nccl_bench/bench_options.h"

namespace sextant::bench {

/// One operation among some ranks over ascending sizes.
struct SweepStep {
  CommunicationOp op = CommunicationOp::kSendRecv;
  SweepPattern pattern = SweepPattern::kPair;
  std::vector<int> ranks;  ///< that take part; of a pair the sender first
  ElementType type = ElementType::kFp32;
  bool in_place = false;
  std::vector<std::int64_t> sizes;  ///< ascending, whole blocks (block_bytes)

  bool has(int rank) const;
  /// What `rank`, which takes part, does at one size.
  Operation operation(int rank, std::int64_t bytes) const;
};

/// Steps among the first `group_size` ranks, which join one group for them.
struct PlanSection {
  int group_size = 1;
  std::vector<SweepStep> steps;
  std::vector<SweepStep> overlaps;  ///< of one size each: beside a matrix product
};

struct SweepPlan {
  BackendKind backend = BackendKind::kGloo;
  std::vector<PlanSection> sections;  ///< the whole world's first
  std::vector<std::string> notes;     ///< what is left out, and why

  std::size_t points() const;
};

/// Whether the backend can do `op` at all, and with results in and out of place.
bool is_offered(BackendKind backend, CommunicationOp op);
bool is_offered(BackendKind backend, CommunicationOp op, bool in_place);

/// All that is measured, in this order. Throws Error(kUsage) on what the backend does not have, on
/// groups larger than the world, on halves of an odd world, and where nothing is left to measure.
SweepPlan plan_sweeps(const BenchOptions& options, BackendKind backend, int world_size);

/// What all ranks must have been asked alike, for them to do the same calls: names and values.
std::map<std::string, std::string> agreement(const BenchOptions& options, const SweepPlan& plan);

}  // namespace sextant::bench
