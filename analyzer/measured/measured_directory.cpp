#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/measured/measured_run.h"

namespace sextant {

std::vector<MeasuredRun> read_measured_directory(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> files;
  try {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
      if (entry.path().extension() == ".json") files.push_back(entry.path());
    }
  } catch (const std::filesystem::filesystem_error& error) {
    throw_bad_input(fmt::format("{}: expected a directory with measured documents: {}",
                                directory.string(), error.code().message()));
  }
  // The order of a directory is not its own; messages must not depend on it either.
  std::sort(files.begin(), files.end());
  std::vector<MeasuredRun> runs;
  for (const std::filesystem::path& file : files) {
    // Predictions and profiles of the same runs may lie beside them.
    if (JsonDocument::read(file).kind() == "measured") runs.push_back(read_measured(file));
  }
  if (runs.empty()) {
    throw_bad_input(fmt::format("{}: expected documents of kind measured (*.json), found none",
                                directory.string()));
  }
  std::stable_sort(runs.begin(), runs.end(),
                   [](const MeasuredRun& a, const MeasuredRun& b) { return a.name < b.name; });
  const auto twice = std::adjacent_find(
      runs.begin(), runs.end(),
      [](const MeasuredRun& a, const MeasuredRun& b) { return a.name == b.name; });
  if (twice != runs.end()) {
    throw_bad_input(fmt::format("{}: expected one run of each name, found {} in {} too",
                                std::next(twice)->source, quote(twice->name), twice->source));
  }
  return runs;
}

}  // namespace sextant
