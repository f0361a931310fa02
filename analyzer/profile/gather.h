#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analyzer/profile/profile_db.h"
#include "analyzer/profile/serving_db.h"

namespace sextant {

struct GatherOptions {
  std::string model;
  std::string gpu;
  std::string gpu_in_files;  ///< its name in names and keys of point files; "" is `gpu`
  /// Searched with its subdirectories for point files `profile_<model>_<gpu>_<tp>_<mbs>.json`, ours
  /// and the artifact's, and for `serving_profile_*.json`; or a checkout of the artifact, whose two
  /// merged tables are then taken.
  std::filesystem::path profile_dir;
  std::filesystem::path db_dir;
  MergePolicy merge = MergePolicy::kError;
  double peak_flops = 1e15;  ///< of one GPU; faster points are refused
};

struct GatherReport {
  struct Merged {
    ProfileKey key;
    std::string source;
    MergeOutcome outcome = MergeOutcome::kAdded;
  };
  struct MergedServing {
    ServingKey key;
    std::string source;
    MergeOutcome outcome = MergeOutcome::kAdded;
  };
  struct Refused {
    std::string file;
    std::string reason;
  };
  std::vector<Merged> merged;
  std::vector<Refused> refused;  ///< unreadable or implausible files
  int skipped = 0;               ///< point files of other models or GPU types
  std::vector<std::string> notes;
  ProfileDatabase database;  ///< as it was written; without points where only serving is known
  std::filesystem::path file;
  std::vector<MergedServing> merged_serving;
  ServingDatabase serving;  ///< as it was written; without profiles where there are none
  std::filesystem::path serving_file;
  /// Gathered points whose measurement ended in an error or a timeout. Running out of memory is an
  /// answer, these are not.
  std::vector<ProfileKey> failed;
  std::vector<ServingKey> failed_serving;

  /// The variants of the gathered points.
  std::vector<std::string> variants() const;
};

/// Merges point files into <db_dir>/<model>/<gpu>/profile.json, and serving profiles into
/// serving.json beside it, under a lock. Each is replaced in one step: whoever kills this at any
/// moment finds the database as it was or as it should be, and concurrent calls lose nothing.
///
/// Throws Error(kBadInput) where there is no point of this model and GPU type, none is usable, two
/// measurements of a key conflict under the merge policy, or the database cannot be read or
/// written; it is then left as it was.
GatherReport gather(const GatherOptions& options);

/// Regular files below `folder`, sorted, so that every run reads in one order. Links to directories
/// are not followed. Throws Error(kBadInput) where it cannot be read.
std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder);

/// The second half of gather: merges documents that are in memory. `report` holds what the first
/// half found; profile_dir and peak_flops are not used.
GatherReport enter_points(const GatherOptions& options, std::vector<PointDocument> points,
                          std::vector<ServingDocument> serving = {}, GatherReport report = {});

}  // namespace sextant
