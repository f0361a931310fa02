#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/core/json_document.h"
#include "analyzer/model/model.h"
#include "analyzer/plan/job.h"
#include "analyzer/plan/plan.h"
#include "analyzer/training/plan_origin.h"
#include "launch/emit/job_folder.h"

namespace sextant {

/// The file that every folder of a training job has, and by which one is known again.
inline constexpr std::string_view kLaunchMark = "plan.json";

/// A machine of the job and the ranks on it, in the order of rank_layout.h.
struct LaunchNode {
  std::string gpu;
  std::string zone;
  int node = 0;  ///< of its pool, counted from 0
  int first_rank = 0;
  int ranks = 0;  ///< first_rank, first_rank + 1, …
};

/// A plan with all that a launcher needs to know of it.
struct LaunchJob {
  Plan plan;
  Job job;  ///< `seq_len` is never 0 here
  ModelDescription model;
  /// In the order of ranks; a machine that holds ranks which are not neighbours stands here once
  /// for each run of them.
  std::vector<LaunchNode> nodes;
  std::optional<RecordedPrediction> prediction;
  OrderedJson plan_document;   ///< as it was read, for the folder
  OrderedJson model_document;  ///< null where the model is of the zoo
};

/// What the user says of the site and of the run.
struct LaunchOptions {
  /// Host names or addresses of the machines, by "gpu@zone/node" (as in "A100-40@hall/0").
  std::map<std::string, std::string> hosts;
  int iterations = 20;
  int master_port = 29500;
  // Slurm; "" leaves it to the site.
  std::string account;
  std::string partition;
  std::string time_limit;
  std::map<std::string, std::string> constraints;  ///< --constraint by "GPU" or "GPU@ZONE"
  std::map<std::string, std::string> gres;         ///< name in --gres by the same; default: gpu
  std::string container;                           ///< image; "" = none
  /// Where the engine's entry point lies on the machines (Megatron-LM's checkout, …); "" = as the
  /// scripts say.
  std::string engine_path;
};

/// Something that can run plans. Stateless.
class LaunchTarget {
 public:
  virtual ~LaunchTarget() = default;
  virtual std::string_view name() const = 0;         ///< of --to: "torchrun"
  virtual std::string_view description() const = 0;  ///< for --help
  /// The engine's version whose documentation the files follow, with its address.
  virtual std::string_view written_for() const = 0;
  /// Why it cannot run the plan, a sentence each with the place in the plan; empty where it can.
  virtual std::vector<std::string> obstacles(const LaunchJob& job) const = 0;
  /// Adds what starts, checks and measures the job. Only called without obstacles.
  virtual void put(const LaunchJob& job, const LaunchOptions& options, JobFolder& folder) const = 0;
};

/// In the order of targets.def.
const std::vector<const LaunchTarget*>& launch_targets();
/// Throws Error(kUsage) naming those there are.
const LaunchTarget& launch_target_named(std::string_view name);

}  // namespace sextant
