#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace sextant::aceso {

/// A line of one of Aceso's tables that is not empty.
struct CsvLine {
  int line = 0;  ///< counted from 1
  std::vector<std::string> fields;

  /// Throws Error(kBadInput) naming file and line unless field `index` is there and is a number
  /// that is finite and >= 0.
  double number(const std::filesystem::path& path, std::size_t index) const;
};

/// Comma-separated values without quotes. Throws Error(kBadInput) naming the file.
std::vector<CsvLine> read_csv(const std::filesystem::path& path);

}  // namespace sextant::aceso
