#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analyzer/profile/profile_db.h"

namespace sextant {

/// The databases that a path means, sorted by model and GPU type: one profile_db document, one
/// point document (a database of one point), or a directory with databases
/// <model>/<gpu>/profile.json below it. "" for model or gpu means all. Throws Error(kBadInput)
/// where nothing matches, listing what there is.
std::vector<ProfileDatabase> read_databases(const std::filesystem::path& path,
                                            const std::string& model, const std::string& gpu);

/// The artifact's planner and simulator tables as databases, one for each model and GPU type. What
/// the readers noted is appended to `notes`.
std::vector<ProfileDatabase> sailor_databases(const std::filesystem::path& artifact_dir,
                                              const std::string& model, const std::string& gpu,
                                              std::vector<std::string>& notes);

}  // namespace sextant
