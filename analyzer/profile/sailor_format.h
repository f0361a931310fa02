#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analyzer/profile/model_profile.h"

namespace sextant {

/// Where Sailor's artifact (a checkout, or our copy of its data) keeps what we read and write.
struct SailorPaths {
  explicit SailorPaths(const std::filesystem::path& artifact_dir);

  std::filesystem::path llm_info;       ///< memory per model, tensor degree and layer
  std::filesystem::path profiles_tmp;   ///< the simulator's times of every model
  std::filesystem::path profiles_root;  ///< folder of the planner's MODEL/GPU/profile.json

  std::filesystem::path planner_profile(const std::string& model, const std::string& gpu) const;
};

/// Models of the artifact that have a memory table, sorted. Throws Error(kBadInput) where
/// llm_info.json is missing or malformed.
std::vector<std::string> list_sailor_models(const std::filesystem::path& artifact_dir);

/// The simulator's table (profiles_tmp.json) and the memory table (llm_info.json) of `model` for
/// the given GPU types, all that there are where `gpus` is empty; variant "artifact/simulator",
/// evidence replayed. Times in seconds; bytes are the artifact's fp32 element counts times four.
///
/// Throws Error(kBadInput) with file and JSON pointer where the model or a named GPU type is
/// absent, layers are not numbered 0 … n-1 as many as the memory table has, a forward time is not
/// positive, a backward time is negative, or zero in a layer other than the first. Accepted with a
/// note in ModelProfile::notes: optimizer steps of zero, a zero backward time of the embedding,
/// points that the grid lacks, points without memory table (left out), and, where `gpus` is empty,
/// GPU types with another number of layers (left out; GPT-Neo-2.7 on GH-96 in the planner's table).
ModelProfile read_sailor_simulator_profile(const std::filesystem::path& artifact_dir,
                                           const std::string& model,
                                           const std::vector<std::string>& gpus);

/// The same from the planner's tables (MODEL/GPU/profile.json); variant "artifact/planner".
ModelProfile read_sailor_planner_profile(const std::filesystem::path& artifact_dir,
                                         const std::string& model,
                                         const std::vector<std::string>& gpus);

}  // namespace sextant
