#include "reproduce/libra_problems.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "analyzer/core/json_document.h"
#include "reproduce/libra_network.h"

namespace sextant {

namespace {

constexpr double kNsPerS = 1e9;
constexpr int kSolves = 15;
constexpr std::array kWorkloads = {"17B", "175B", "1T"};
constexpr std::string_view kGroup = "Group";

LibraProblem read_problem(const JsonNode& node) {
  LibraProblem out;
  out.network = node.at("net").name();
  out.network.back() = static_cast<char>(std::toupper(out.network.back()));
  out.workload = node.at("workload").name();
  out.target = static_cast<BandwidthTarget>(node.at("target").one_of(kBandwidthTargetNames));
  out.loop = static_cast<TrainingLoop>(node.at("loop").one_of(kTrainingLoopNames));
  out.total_gb_per_s = node.at("bw").positive();
  out.objective = node.at("objective").positive();
  out.bandwidth_gb_per_s = node.at("B").numbers();
  if (const auto note = node.find("tie_note")) out.tie_note = note->string();
  return out;
}

/// Builds the problems; reads each file once.
class Builder {
 public:
  explicit Builder(const std::filesystem::path& artifact)
      : workloads_(artifact / "optimizer" / "workload"), networks_(artifact) {}

  BandwidthProblem operator()(const LibraProblem& asked) {
    const Topology& topology = networks_.topology(asked.network);
    std::vector<StepTime> steps;
    for (const char* workload : kWorkloads) {
      if (asked.workload != workload && asked.workload != kGroup) continue;
      const PlacedWorkload& mapped = placed_workload(workload, topology);
      steps.push_back(step_time(mapped.workload, mapped.shapes, asked.loop));
    }
    const std::vector<double> shares(steps.size(), 1.0 / static_cast<double>(steps.size()));
    BandwidthProblem out{
        weighted_sum(steps, shares),
        networks_.usd_per_gb_per_s(asked.network),
        asked.target,
        {total_budget(topology.dimensions.size(), asked.total_gb_per_s * kBytesPerGb)}};
    for (double& usd : out.usd_per_byte_per_s) usd /= kBytesPerGb;
    return out;
  }

 private:
  const PlacedWorkload& placed_workload(const std::string& name, const Topology& topology) {
    const std::string key = name + ' ' + topology.describe();
    const auto found = mapped_.find(key);
    if (found != mapped_.end()) return found->second;
    return mapped_[key] =
               read_placed_workload(workloads_ / fmt::format("transformer_{}.txt", name), topology);
  }

  std::filesystem::path workloads_;
  LibraNetworks networks_;
  std::map<std::string, PlacedWorkload> mapped_;
};

/// s, or s * USD.
double equal_objective(const BandwidthProblem& problem, double total_bytes_per_s) {
  const std::size_t dimensions = problem.usd_per_byte_per_s.size();
  const std::vector<double> equal(dimensions, total_bytes_per_s / static_cast<double>(dimensions));
  const double seconds = problem.time.seconds(equal);
  return problem.target == BandwidthTarget::kTime
             ? seconds
             : seconds * network_usd(problem.usd_per_byte_per_s, equal);
}

LibraSolution solved(const LibraProblem& asked, const BandwidthProblem& problem) {
  LibraSolution out;
  out.problem = asked;
  out.solve_s = std::numeric_limits<double>::infinity();
  BandwidthDivision division;
  for (int i = 0; i < kSolves; ++i) {
    const auto start = std::chrono::steady_clock::now();
    division = divide_bandwidth(problem);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    out.solve_s = std::min(out.solve_s, took.count());
  }
  out.bandwidth_gb_per_s = division.bandwidth_bytes_per_s;
  for (double& bandwidth : out.bandwidth_gb_per_s) bandwidth /= kBytesPerGb;
  out.objective = division.objective * kNsPerS;
  out.time_s = division.time_s;
  out.cost_usd = division.cost_usd;
  out.kkt_residual = division.kkt_residual;
  out.gain_over_equal =
      equal_objective(problem, asked.total_gb_per_s * kBytesPerGb) / division.objective;
  return out;
}

}  // namespace

std::string LibraProblem::name() const {
  return fmt::format("{} {} {} {} {}", network, total_gb_per_s, workload, to_string(target),
                     to_string(loop));
}

bool LibraProblem::is_of_table6() const {
  return network == "4D" && total_gb_per_s == kLibraTable6GbPerS &&
         target == BandwidthTarget::kTime && (workload == "175B" || workload == "1T");
}

std::vector<LibraProblem> read_libra_problems(const std::filesystem::path& artifact) {
  const JsonDocument document = JsonDocument::read(artifact / "reference_results.json");
  const JsonNode descent = document.root().at("optimizer_original").at("pytorch_full_run");
  const std::string& of_descent = descent.at("config").string();  // "optimize.sh 4D 325 … (…)"
  std::vector<LibraProblem> problems;
  for (const JsonNode& node : document.root().at("optimizer_exact").elements()) {
    problems.push_back(read_problem(node));
    LibraProblem& problem = problems.back();
    if (of_descent.find(fmt::format(" {} ", problem.name())) == std::string::npos) continue;
    problem.descent = {descent.at("steps").count(), descent.at("final_objective").positive(),
                       descent.at("wall_s").positive(), descent.at("final_B").numbers()};
  }
  return problems;
}

std::vector<LibraSolution> solve_libra_problems(const std::vector<LibraProblem>& problems,
                                                const std::filesystem::path& artifact) {
  Builder problem_of(artifact);
  std::vector<LibraSolution> out;
  for (const LibraProblem& asked : problems) out.push_back(solved(asked, problem_of(asked)));
  return out;
}

}  // namespace sextant
