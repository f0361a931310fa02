#pragma once

#include <filesystem>
#include <vector>

namespace sextant::amp {

/// The numbers of a NumPy file (format version 1 or 2) that holds a one-dimensional array of
/// little-endian float64. Throws Error(kBadInput) naming the file, the place and what was found
/// where it is anything else, is cut short or goes on after its last number.
std::vector<double> read_npy(const std::filesystem::path& file);

}  // namespace sextant::amp
