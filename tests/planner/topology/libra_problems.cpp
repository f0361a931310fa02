#include "tests/planner/topology/libra_problems.h"

#include "analyzer/topology/formats/network_files.h"
#include "analyzer/topology/formats/workload_files.h"

namespace sextant {

BandwidthProblem libra_problem(const std::filesystem::path& data, const std::string& network,
                               const std::string& workload, BandwidthTarget target,
                               TrainingLoop loop, double total_bytes_per_s) {
  const std::filesystem::path inputs = data / "optimizer";
  const Topology topology = read_network_file(inputs / "network" / (network + ".json")).topology;
  const std::vector<std::string> names =
      workload == "Group" ? std::vector<std::string>{"17B", "175B", "1T"} : std::vector{workload};
  std::vector<StepTime> steps;
  for (const std::string& name : names) {
    const Workload read =
        read_workload_text(inputs / "workload" / ("transformer_" + name + ".txt"));
    const int model = read.groups[kModelGroup].npus;
    steps.push_back(
        step_time(read, map_from_both_ends(topology, model, topology.npus() / model), loop));
  }
  BandwidthProblem problem;
  problem.time =
      weighted_sum(steps, std::vector<double>(steps.size(), 1 / static_cast<double>(steps.size())));
  problem.usd_per_byte_per_s = usd_per_byte_per_s(
      topology, read_network_prices(inputs / "cost" / "cost.json"), CostConvention::kSharedLinks);
  problem.target = target;
  problem.constraints = {total_budget(topology.dimensions.size(), total_bytes_per_s)};
  return problem;
}

}  // namespace sextant
