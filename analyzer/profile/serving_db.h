#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "analyzer/profile/profile_db.h"
#include "analyzer/profile/serving_profile.h"

namespace sextant {

/// Document kind `serving_db`: the serving profiles of one model on one GPU type.
struct ServingDatabase {
  std::string model;
  std::string gpu;
  std::map<ServingKey, ServingDocument> profiles;
};

/// Enters a profile of the database's model and GPU type. One with times stands before one without.
/// Of two different measurements of a key the newer stands, by the provenance's time; kError
/// refuses them, and so does every policy where the times do not say which is newer. Throws
/// Error(kBadInput) with both sources.
MergeOutcome merge_serving(ServingDatabase& database, ServingDocument document, MergePolicy policy);

/// <db_dir>/<model>/<gpu>/serving.json, beside the training profile.
std::filesystem::path serving_database_path(const std::filesystem::path& db_dir,
                                            const std::string& model, const std::string& gpu);
std::string serving_database_text(const ServingDatabase& database);
/// Throws Error(kBadInput) where the file is missing, malformed, or of another model or GPU type
/// than its keys say.
ServingDatabase read_serving_database(const std::filesystem::path& path);

}  // namespace sextant
