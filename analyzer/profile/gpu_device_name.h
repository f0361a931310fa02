#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/profile/gpu.h"

namespace sextant {

/// Which shipped GPU types a site's or a driver's name of a GPU can mean.
struct GpuTypeMatch {
  std::vector<std::string> candidates;  ///< names of types, in the order of the data sheets
  /// One candidate, and nothing open: cards of this chip have that memory, or the memory was told.
  bool settled = false;
};

/// "a100", "nvidia_a100-sxm4-80gb", "NVIDIA H100 80GB HBM3", "rtx3090" among `known` data sheets.
/// Memory is that of the driver where given, else what the name says. A name without it does not
/// settle chips that are sold with several sizes (V100, A100, H100, GH200, RTX 2080), whatever
/// their aliases say; a card of another form than the data sheet's (PCIe, NVL) matches none.
GpuTypeMatch match_gpu_type(std::string_view name, std::optional<double> memory_bytes,
                            const std::vector<GpuSpec>& known);

/// The same of a driver's name, "NVIDIA A100-SXM4-80GB", and the memory in bytes that it reports,
/// among all shipped types: "A100-80". "" where nothing is settled.
std::string gpu_type_of(std::string_view device_name, double memory_bytes);

}  // namespace sextant
