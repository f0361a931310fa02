#pragma once

#include <filesystem>
#include <string>

namespace sextant {

/// Throws Error(kUsage) unless the name ends in .svg or .png: to be asked before long work.
void check_plot_name(const std::filesystem::path& path);

/// Writes a picture atomically: `.svg` as it is, `.png` through rsvg-convert at twice the size.
/// Throws Error(kUsage) on another ending, Error(kBadInput) where the file cannot be written or the
/// converter is not installed.
void write_plot(const std::filesystem::path& path, const std::string& svg);

}  // namespace sextant
