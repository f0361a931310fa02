#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "profiler/device/kernel_summary.h"

namespace sextant::profiler {

struct CuptiSession;

/// Records every kernel that this process runs while it lives, by CUPTI's activity API. A process
/// has one at a time; a second one says so in problem(). Tracing slows launches down: times that
/// matter are measured without it.
class KernelTrace {
 public:
  /// Begins to trace. Never throws but std::bad_alloc: where it fails (no driver, CUPTI held by
  /// another tool, too few privileges, a build without CUPTI), nothing is traced and problem() says
  /// which call failed, in CUPTI's words, and what to stop or change.
  KernelTrace();
  ~KernelTrace();
  KernelTrace(const KernelTrace&) = delete;
  KernelTrace& operator=(const KernelTrace&) = delete;

  bool is_running() const { return session_ != nullptr; }
  /// A sentence for the user; "" while it runs.
  const std::string& problem() const { return problem_; }

  /// Kernels that the calling thread launches from here until leave() belong to `place_id` (not
  /// 0). Places nest; the innermost counts. Every thread has its own, as the one that runs
  /// autograd's backward. Without effect where nothing is traced.
  void enter(std::uint64_t place_id);
  void leave();

  /// What has run since the last call, by time of start. Call it when the device is synchronized:
  /// of a kernel that still runs the times are not known (KernelReport::untimed).
  std::vector<KernelRecord> take();

  /// Records that CUPTI had no room for, so far.
  std::uint64_t dropped_records() const;

 private:
  std::unique_ptr<CuptiSession> session_;
  std::string problem_;
};

/// The CUPTI that is loaded, and from where: "CUPTI 130001, /usr/local/cuda/lib64/libcupti.so.13";
/// "" in a build without it.
std::string cupti_library();

}  // namespace sextant::profiler
