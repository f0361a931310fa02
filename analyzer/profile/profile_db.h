#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/profile/profile_point.h"

namespace sextant {

/// What to do with two measurements of one key.
enum class MergePolicy {
  kError,   ///< refuse, showing where both come from
  kNewest,  ///< the one with the latest provenance time stands
  kMedian,  ///< the one with the middle time of all (the faster of the middle two) stands
};
/// "error", "newest", "median".
std::string_view to_string(MergePolicy policy);
/// Throws Error(kUsage) on another name.
MergePolicy merge_policy_from(std::string_view name);

/// A point and the other measurements of its key that it stands before.
struct DatabasePoint {
  PointDocument point;
  std::vector<PointDocument> superseded;
};

/// Document kind `profile_db`: all points of all variants of one model on one GPU type.
struct ProfileDatabase {
  std::string model;
  std::string gpu;
  std::map<ProfileKey, DatabasePoint> points;

  /// Keys that the grid (tp x microbatch) of a variant and sequence length lacks although it has
  /// others of their row and column; a failed point is no gap.
  std::vector<ProfileKey> gaps() const;
  /// The gaps for people: "fp32: tp 1 at microbatch 8, 16; tp 2 at microbatch 16", one line a grid.
  std::vector<std::string> describe_gaps() const;
  /// Points whose status is not ok.
  std::vector<const PointDocument*> failures() const;
  /// Distinct variants, "fp32@2048" style where a variant has several sequence lengths.
  std::vector<std::string> variants() const;
  /// The points of status ok of a variant as variants() names it; throws Error(kBadInput) listing
  /// the variants where there is none.
  std::vector<PointDocument> points_of(const std::string& variant) const;
};

enum class MergeOutcome { kAdded, kUnchanged, kReplaced, kKeptMeasurement, kMerged };
/// "added", "unchanged", "replaced", "the measurement stays", "merged".
std::string_view to_string(MergeOutcome outcome);

/// Enters a point of the database's model and GPU type. Under every policy a measurement stands
/// before an estimate, and both before a failure; of two estimates the one entered last stands.
/// Save for that the result does not depend on the order in which points come, unless kError
/// refuses one. Throws Error(kBadInput) with both provenances on a conflict that `policy` cannot
/// decide.
MergeOutcome merge_point(ProfileDatabase& database, PointDocument point, MergePolicy policy);

/// <db_dir>/<model>/<gpu>/profile.json.
std::filesystem::path database_path(const std::filesystem::path& db_dir, const std::string& model,
                                    const std::string& gpu);
std::string database_text(const ProfileDatabase& database);
/// Throws Error(kBadInput) where the file is missing, malformed, or of another model or GPU type
/// than its keys say.
ProfileDatabase read_database(const std::filesystem::path& path);
/// The same of a document that was read, or that stands in another one (kind `profiles`).
ProfileDatabase database_from(const JsonNode& root);

/// GPU types with a database for `model`, sorted, as the databases name them.
std::vector<std::string> database_gpus(const std::filesystem::path& db_dir,
                                       const std::string& model);

/// What the estimators need of one variant of `model` for the given GPU types (all that have it
/// where `gpus` is empty; any single variant where `variant` is ""). Memory per sequence is from
/// the smallest microbatch of each tensor degree and the largest of the GPU types; notes say where
/// types differ, and where collectives are recorded and not timed. Where `seq_len` is not 0, points
/// of so many tokens are meant. Throws Error(kBadInput) where a GPU type has no profile, naming
/// those that have, or points of other sequences only.
ModelProfile load_profile(const std::filesystem::path& db_dir, const std::string& model,
                          const std::vector<std::string>& gpus, const std::string& variant,
                          int seq_len = 0);

/// The same from points that are in memory.
ModelProfile model_profile_of(const std::vector<PointDocument>& points);

}  // namespace sextant
