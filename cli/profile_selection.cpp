#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/data_directory.h"
#include "analyzer/core/error.h"
#include "analyzer/profile/estimate_points.h"
#include "analyzer/profile/profile_source.h"
#include "cli/profile_parts.h"

namespace sextant::cli {

void add_profile_selection(CLI::App& command, const std::shared_ptr<ProfileSelection>& selection) {
  command.add_option("source", selection->source,
                     "Database directory, database, point document or directory of these; by "
                     "default the shipped profiles, or with --artifact the published tables");
  command.add_option("--model", selection->model, "Only this model");
  command.add_option("--gpu", selection->gpu, "Only this GPU type");
}

std::vector<ProfileDatabase> select_profiles(ProfileSelection selection, const Session& session,
                                             std::vector<std::string>& notes) {
  selection.gpu = shipped_gpu_name(selection.gpu);
  if (!selection.source.empty()) {
    return read_databases(selection.source, selection.model, selection.gpu);
  }
  if (!session.artifact.empty()) {
    return sailor_databases(session.artifact, selection.model, selection.gpu, notes);
  }
  const std::filesystem::path shipped = data_directory() / "measured";
  if (!std::filesystem::exists(shipped)) {
    throw_usage(
        "no measured profiles are shipped; name a database directory, or --artifact DIR for the "
        "published tables");
  }
  return read_databases(shipped, selection.model, selection.gpu);
}

std::string chosen_variant(const ProfileDatabase& database, const std::string& named) {
  const std::vector<std::string> variants = database.variants();
  if (!named.empty()) return named;
  if (variants.size() != 1) {
    throw_usage(fmt::format("{} on {} has several variants; choose with --variant: {}",
                            quote(database.model), quote(database.gpu), fmt::join(variants, ", ")));
  }
  return variants.front();
}

}  // namespace sextant::cli
