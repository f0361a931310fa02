#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "analyzer/profile/profile_point.h"

namespace sextant::profiler {

/// One run of a GPU kernel.
struct KernelRecord {
  std::string name;           ///< demangled
  std::int64_t start_ns = 0;  ///< of the tracer's clock
  std::int64_t end_ns = 0;
  std::uint64_t place_id = 0;  ///< where it was launched; 0 = outside of all places
  std::array<int, 3> grid = {};
  std::array<int, 3> block = {};
};

/// A phase of a layer kind.
struct KernelPhase {
  std::string layer_kind;  ///< "embedding", "block", …
  std::string phase;       ///< "forward", "backward" or "update"
  auto operator<=>(const KernelPhase&) const = default;
};

/// One pass of one layer through a phase: what is between its first and last kernel belongs to it.
/// Several places may share one (its operators, say).
struct KernelPlace {
  KernelPhase phase;
  int iteration = 0;
};

/// What a phase is judged by, seconds.
struct PhaseReference {
  double roofline_s = 0;  ///< LayerRoofline; 0 = the GPU type has no data sheet
  double measured_s = 0;  ///< of one iteration, without tracing
};

struct LayerKernels {
  std::vector<KernelProfile> kernels;    ///< forward, backward, update; the longest first
  std::vector<KernelSummary> summaries;  ///< forward, backward, update
};

struct KernelReport {
  std::map<std::string, LayerKernels> layers;  ///< by layer kind
  int unplaced = 0;                            ///< records of no known place
  int untimed = 0;                             ///< records whose times the tracer could not tell
};

/// What the kernels of several iterations say of one: medians over the iterations in which the
/// phase ran any kernel, a kernel that an iteration lacks being 0 calls there; kernels that fewer
/// than half of the iterations run are left out. Busy is the union of the kernels' intervals, so
/// that kernels of several streams which overlap are not counted twice; gap is the rest between
/// the first start and the last end.
KernelReport summarize_kernels(const std::vector<KernelRecord>& records,
                               const std::map<std::uint64_t, KernelPlace>& places,
                               const std::map<KernelPhase, PhaseReference>& references);

}  // namespace sextant::profiler
