#include "profiler/device/cupti_problem.h"

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant::profiler {

namespace {

// CUptiResult (cupti_result.h); kernel_trace.cpp asserts that these are its values.
constexpr int kNotCompatible = 14;
constexpr int kNotInitialized = 15;
constexpr int kHardwareBusy = 26;
constexpr int kVirtualizedNotSupported = 33;
constexpr int kInsufficientPrivileges = 35;
constexpr int kMultipleSubscribers = 39;
constexpr int kVirtualizedInsufficientPrivileges = 40;
constexpr int kConfidentialComputing = 41;
constexpr int kMigNotSupported = 43;
constexpr int kUnknown = 999;

std::string_view advice(int code) {
  switch (code) {
    case kMultipleSubscribers:
    case kNotCompatible:
    case kHardwareBusy:
      return "another tool holds CUPTI: stop Nsight Systems (nsys), Nsight Compute (ncu), "
             "cuda-gdb, "
             "compute-sanitizer, the PyTorch profiler, or DCGM's profiling metrics (dcgmi profile "
             "--pause), unset CUDA_INJECTION64_PATH, and run again";
    case kInsufficientPrivileges:
      return "the driver lets administrators profile only: run as root (in a container with "
             "CAP_SYS_ADMIN), or load the kernel module with the option "
             "NVreg_RestrictProfilingToAdminUsers=0 (module nvidia, in /etc/modprobe.d)";
    case kVirtualizedNotSupported:
    case kVirtualizedInsufficientPrivileges:
      return "the hypervisor does not let this virtual machine profile its GPU: its administrator "
             "can enable it (vGPU option enable_profiling)";
    case kConfidentialComputing:
      return "confidential computing is on, which forbids tracing: use a GPU without it";
    case kMigNotSupported:
      return "this slice of the GPU (MIG) cannot be traced: use a whole GPU";
    case kNotInitialized:
    case kUnknown:  // what CUPTI 13 says where there is no driver
      return "perhaps there is no working NVIDIA driver, or it is older than CUPTI: see `sextant "
             "doctor`";
    default:
      return "";
  }
}

}  // namespace

std::string cupti_problem(const CuptiFailure& failure) {
  std::string text = fmt::format("kernels cannot be traced: {} failed: {}", failure.call,
                                 failure.name.empty() ? fmt::format("CUPTI error {}", failure.code)
                                                      : std::string(failure.name));
  if (!failure.message.empty() && failure.message != failure.name) {
    text += fmt::format(" ({})", failure.message);
  }
  if (!failure.holder.empty()) text += fmt::format(", held by {}", quote(failure.holder));
  if (const std::string_view hint = advice(failure.code); !hint.empty()) {
    text += fmt::format("; {}", hint);
  }
  return text;
}

}  // namespace sextant::profiler
