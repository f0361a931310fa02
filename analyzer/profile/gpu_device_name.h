#pragma once

#include <string>
#include <string_view>

namespace sextant {

/// The shipped GPU type that a driver's name of a device means, "NVIDIA A100-SXM4-80GB" with its
/// memory in bytes: "A100-80". "" where none does, or where the card's form (PCIe, NVL) is another
/// than the data sheet's.
std::string gpu_type_of(std::string_view device_name, double memory_bytes);

}  // namespace sextant
