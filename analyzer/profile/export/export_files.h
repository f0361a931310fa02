#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "analyzer/core/json_document.h"

namespace sextant {

/// The files that an export is about to write below a directory: all are made before the first is
/// written, so that what cannot be expressed leaves nothing behind.
class ExportFiles {
 public:
  explicit ExportFiles(std::filesystem::path directory) : directory_(std::move(directory)) {}

  /// `path` is relative to the directory.
  void put(const std::filesystem::path& path, std::string content);

  /// The members of a JSON object in their order, as put here or else as the file has it; empty
  /// where there is neither. For tables that several models or GPU types share. Throws
  /// Error(kBadInput) where the file holds something else.
  OrderedJson shared_table(const std::filesystem::path& path) const;

  /// Writes every file, each in one step, and returns their paths. Hold a lock on the directory
  /// (export_lock) from the first shared_table() on.
  std::vector<std::filesystem::path> write() const;

 private:
  std::filesystem::path directory_;
  std::map<std::filesystem::path, std::string> files_;
};

/// The lock that keeps concurrent exports into one directory from losing each other's entries.
std::filesystem::path export_lock(const std::filesystem::path& directory);

}  // namespace sextant
