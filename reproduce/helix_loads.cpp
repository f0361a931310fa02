#include "reproduce/helix_loads.h"

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

struct Row {
  std::string_view cluster;
  std::string_view model;
  std::string_view method;
  std::string_view machine_type;  ///< "" = all in one system
  HelixLoad load;
};

// Rates and numbers of requests that the artifact's scripts have (Thesys-lab/Helix-ASPLOS25 at
// 148b733, artifact_evaluation). Helix adds requests to its first 20 while its caches have room;
// the others keep as many under way as they begin with.
constexpr Row kRows[] = {
    {"single", "llama30b", "helix", "A100", {600, 20}},
    {"single", "llama30b", "helix", "L4", {200, 20}},
    {"single", "llama30b", "helix", "T4", {170, 20}},
    {"single", "llama30b", "swarm", "", {450, 50}},
    {"single", "llama30b", "separate", "A100", {500, 30}},
    {"single", "llama30b", "separate", "L4", {150, 25}},
    {"single", "llama30b", "separate", "T4", {150, 25}},
    {"single", "llama70b", "helix", "", {700, 20}},
    {"single", "llama70b", "swarm", "", {350, 180}},
    {"single", "llama70b", "separate", "A100", {240, 18}},
    {"single", "llama70b", "separate", "L4", {120, 40}},
    {"single", "llama70b", "separate", "T4", {10, 3}},
    {"geo", "llama30b", "helix", "A100", {560, 20}},
    {"geo", "llama30b", "helix", "L4", {140, 20}},
    {"geo", "llama30b", "helix", "T4", {140, 20}},
    {"geo", "llama30b", "swarm", "", {380, 60}},
    {"geo", "llama30b", "separate", "A100", {520, 35}},
    {"geo", "llama30b", "separate", "L4", {100, 40}},
    {"geo", "llama30b", "separate", "T4", {140, 40}},
    {"geo", "llama70b", "helix", "", {320, 20}},
    {"geo", "llama70b", "swarm", "", {160, 180}},
    {"geo", "llama70b", "separate", "A100", {1, 1}},
    {"geo", "llama70b", "separate", "L4", {120, 60}},
    {"geo", "llama70b", "separate", "T4", {60, 50}},
    {"highhet", "llama70b", "helix", "", {2150, 20}},
    {"highhet", "llama70b", "swarm", "", {1450, 500}},
    {"highhet", "llama70b", "separate", "A100", {1, 1}},
    {"highhet", "llama70b", "separate", "L4", {140, 60}},
    {"highhet", "llama70b", "separate", "L4x2", {160, 35}},
    {"highhet", "llama70b", "separate", "T4x4", {350, 110}},
    {"highhet", "llama70b", "separate", "V100+T4", {200, 90}},
};

bool is_of(const Row& row, const HelixExperiment& experiment) {
  return row.cluster == experiment.cluster && row.model == experiment.model;
}

}  // namespace

HelixLoad helix_load(const HelixExperiment& experiment, std::string_view method,
                     std::string_view machine_type) {
  for (const Row& row : kRows) {
    if (is_of(row, experiment) && row.method == method && row.machine_type == machine_type) {
      return row.load;
    }
  }
  throw Error(ErrorCode::kInternal,
              fmt::format("{} has no load of {} {}", experiment.name, method, machine_type));
}

double helix_offered_tokens_per_s(const HelixExperiment& experiment) {
  double sum = 0;
  for (const Row& row : kRows) {
    if (is_of(row, experiment) && row.method == "helix") sum += row.load.tokens_per_s;
  }
  return sum;
}

}  // namespace sextant
