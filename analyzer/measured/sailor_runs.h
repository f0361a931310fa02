#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/measured/measured_run.h"

namespace sextant {

/// What Sailor's validation plan files leave out: it is the same for all of them.
struct SailorRunFacts {
  std::string model;
  int layer_count = 0;  ///< pipeline layers
  int seq_len = 0;      ///< tokens
  std::string dtype = "fp32";
  std::string optimizer = "adam";
};

/// A validation plan file of Sailor's artifact, plan_config_<name>.json: a plan in the artifact's
/// form with its global batch `gbs` and what was measured: `real`, seconds an iteration (one
/// figure, no spread), `red_grads`, seconds of it for the gradients, and `max_mem`, bytes of the
/// fullest GPU as the driver counts them. Evidence replayed, framework deepspeed. Its name is
/// `set` and the file's, "ae/N8_D2". Throws Error(kBadInput) with file and JSON pointer.
MeasuredRun read_sailor_run(const std::filesystem::path& path, std::string_view set,
                            const SailorRunFacts& facts);

/// All of them in a directory and below it, by name with numbers by value, suspicions not yet
/// marked. Empty where there is none. Throws Error(kBadInput) where the directory cannot be read or
/// two files have one name.
std::vector<MeasuredRun> read_sailor_runs(const std::filesystem::path& directory,
                                          std::string_view set, const SailorRunFacts& facts);

/// A set of runs that was published with Sailor's artifact (all of OPT-350), and where it lies.
struct SailorRunSet {
  std::string_view name;
  std::string_view folder;  ///< below the artifact's
  /// That ran it (analyzer/training/framework.h). Nodes that share one NIC of 1 to 25 GbE among
  /// eight GPUs cannot have carried a whole tensor of every rank: the runs of "mit" would have
  /// taken twice as long as they did. Those on GH200 nodes, with a NIC a GPU, are explained better
  /// by whole tensors, as Sailor's changed engine sends them, than by partitioned ones.
  std::string_view framework;
};
/// GH200 nodes: "main", measured by the authors, and "ae", collected again for the artifact
/// evaluation (branch sosp25_ae); "mit", nodes of Titan RTX, RTX 2080 and RTX 3090.
inline constexpr SailorRunSet kSailorMainRuns = {
    "main", "sailor/Planner/simulations/validation/clariden/OPT-350", "sailor"};
inline constexpr SailorRunSet kSailorAeRuns = {
    "ae", "extra/validation/clariden_ae_collected/OPT-350", "sailor"};
inline constexpr SailorRunSet kSailorMitRuns = {"mit", "sailor/Planner/simulations/validation/mit",
                                                "deepspeed"};

/// One set. Throws Error(kBadInput) where it is not there.
std::vector<MeasuredRun> read_sailor_set(const std::filesystem::path& artifact_dir,
                                         const SailorRunSet& set, const SailorRunFacts& facts);

}  // namespace sextant
