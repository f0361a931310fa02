#include "analyzer/network/import/read_sweeps.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/network/import/import_bandwidth.h"

namespace sextant {

std::vector<BandwidthDocument> read_sweeps(const std::vector<std::filesystem::path>& paths,
                                           const ImportContext& context) {
  std::vector<std::filesystem::path> files;
  for (const std::filesystem::path& path : paths) {
    if (!std::filesystem::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    std::vector<std::filesystem::path> inside;
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      if (entry.path().extension() == ".json") inside.push_back(entry.path());
    }
    if (inside.empty()) {
      throw_bad_input(
          fmt::format("{}: expected bandwidth documents (*.json), found none", path.string()));
    }
    std::sort(inside.begin(), inside.end());
    files.insert(files.end(), inside.begin(), inside.end());
  }
  std::vector<BandwidthDocument> documents;
  for (const std::filesystem::path& file : files) {
    documents.push_back(import_bandwidth(file, context));
  }
  return documents;
}

}  // namespace sextant
