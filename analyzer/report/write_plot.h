#pragma once

#include <filesystem>
#include <string>

namespace sextant {

/// Writes a picture atomically: `.svg` as it is, `.png` through rsvg-convert at twice the size.
/// Throws Error(kUsage) on another ending, Error(kBadInput) where the file cannot be written or the
/// converter is not installed.
void write_plot(const std::filesystem::path& path, const std::string& svg);

}  // namespace sextant
