#include "analyzer/training/published_tables.h"

namespace sextant {

std::filesystem::path published_tables_of(const std::filesystem::path& artifact) {
  if (artifact.empty()) return {};
  const std::filesystem::path beside = std::filesystem::absolute(artifact).lexically_normal();
  const std::filesystem::path parent =
      beside.has_filename() ? beside.parent_path() : beside.parent_path().parent_path();
  for (const std::filesystem::path& folder :
       {artifact / "sailor" / "Planner" / "baselines", parent / "baselines" / "data"}) {
    if (std::filesystem::is_directory(folder)) return folder;
  }
  return {};
}

std::optional<std::filesystem::path> find_published_table(
    const TrainingProblem& problem, std::initializer_list<std::string> candidates) {
  if (problem.published_tables.empty()) return std::nullopt;
  for (const std::string& candidate : candidates) {
    std::filesystem::path path = problem.published_tables / candidate;
    if (std::filesystem::exists(path)) return path;
  }
  return std::nullopt;
}

}  // namespace sextant
