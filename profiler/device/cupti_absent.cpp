// KernelTrace where no CUPTI was found when this was built.
#include "profiler/device/kernel_trace.h"

namespace sextant::profiler {

struct CuptiSession {};

KernelTrace::KernelTrace() : problem_("kernels cannot be traced: this build has no CUPTI") {}
KernelTrace::~KernelTrace() = default;
void KernelTrace::enter(std::uint64_t) {}
void KernelTrace::leave() {}
std::vector<KernelRecord> KernelTrace::take() {
  return {};
}
std::uint64_t KernelTrace::dropped_records() const {
  return 0;
}

std::string cupti_library() {
  return "";
}

}  // namespace sextant::profiler
