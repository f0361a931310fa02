#include "profiler/measure/rank_setting.h"

#include <ATen/ATen.h>
#include <algorithm>

namespace sextant::profiler {

double RankSetting::agreed(double value) const {
  if (!ranks_are_real) return value;
  at::Tensor shared =
      at::full({1}, value, at::TensorOptions(at::kDouble).device(device.torch_device()));
  collectives.all_reduce_max(shared);
  return shared.item<double>();
}

ProcessMemory RankSetting::process_memory() const {
  ProcessMemory process;
  process.collective_buffer_bytes = collective_buffer_bytes;
  process.context_bytes =
      std::max(0.0, device.memory().outside_allocator() - collective_buffer_bytes);
  process.peak_reserved_bytes = device.memory().peak_reserved();
  process.peak_allocated_bytes = device.memory().peak_allocated();
  return process;
}

std::map<std::string, std::string> rank_provenance(const ProfileRequest& request,
                                                   const Device& device) {
  auto provenance = request.provenance;
  provenance.merge(device.provenance());
  provenance["time"] = utc_now();
  return provenance;
}

}  // namespace sextant::profiler
