#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/serving/placement.h"
#include "launch/emit/job_folder.h"

namespace sextant {

/// What a placement can be written for.
enum class ServingRuntime {
  kJson,   ///< a document for any runtime, which goes with all others too: serving_export.json
  kVllm,   ///< a folder of start scripts for each pipeline
  kHelix,  ///< real_sys_config.txt of Helix's prototype (ASPLOS'25, artifact)
};
inline constexpr std::array<std::string_view, 3> kServingRuntimeNames = {"json", "vllm", "helix"};

struct ServingExportOptions {
  /// Machines of the cluster that hold nothing, by name; they are only listed.
  std::vector<std::string> unused;

  // vLLM.
  /// What `vllm serve` loads: a path on all machines, or a repository of Hugging Face.
  std::string model_path;
  /// Host names or addresses by machine name; a machine that is not here goes by its own name.
  std::map<std::string, std::string> hosts;
  /// GPUs of a machine by type; of a type that is not here, the number after the last "x" of its
  /// name ("T4x2"), else 1.
  std::map<std::string, int> gpus;
  int port = 8000;          ///< of the first pipeline's server; each further one has the next
  int master_port = 29501;  ///< where a pipeline's machines meet, counted likewise
  /// Where the placement is no set of disjoint pipelines: write those nearest to it, and leave the
  /// other machines out, instead of refusing.
  bool nearest = false;

  // Helix.
  /// Of machines by type, taken in the order of the machines.
  std::map<std::string, std::vector<std::string>> addresses;
  std::string host_address;  ///< of the host, machine 0
};

/// The file that every export has, and by which one is known again.
inline constexpr std::string_view kServingExportMark = "serving_export.json";

/// Machines that hand requests on from one to the next; together they hold every layer once.
struct ServingPipeline {
  std::vector<int> nodes;        ///< of the network, first layers first
  double flow_tokens_per_s = 0;  ///< through the machine with the least, other links counted too
};

/// The network's nodes as disjoint pipelines: each ends where the next one's layers begin.
struct ServingPipelines {
  std::vector<ServingPipeline> pipelines;
  std::vector<int> left_out;  ///< nodes in none of them
  std::string reason;         ///< why some are left out; "" where none is
};

/// Takes every node where that can be, along the links with the most flow, and else one pipeline
/// after the other, each time the one whose weakest link has the most flow.
ServingPipelines disjoint_pipelines(const ServedNetwork& network);

/// Writes nothing yet. The network's links have their flow (assign_flow, or a published one); it
/// becomes their weights. Throws Error(kUsage) where an option that the runtime needs is absent,
/// Error(kInfeasible) where the runtime cannot run such a placement: says why, and what would be
/// nearest.
JobFolder export_serving(ServingRuntime runtime, const ServedNetwork& network,
                         const ServingExportOptions& options);

}  // namespace sextant
