#pragma once

#include <string>
#include <string_view>

namespace sextant {

/// What a machine of a cluster is made of.
struct MachineKind {
  std::string type;  ///< as machines name it: "A100-40", "T4x2"
  std::string gpu;   ///< canonical name where it is a shipped GPU type
  int gpus = 1;
  double memory_bytes = 0;  ///< of all its GPUs; 0 = unknown
  double nic_bytes_per_s = 0;
};

/// "<GPU>", or "<GPU>x<n>" of several.
std::string machine_type_name(std::string_view gpu, int gpus);

/// What a type's name says: GPU and number of GPUs; aliases become canonical names.
MachineKind machine_kind_of(std::string_view type);

}  // namespace sextant
