#include "reproduce/libra_evaluation.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "planner/topology/simulated/simulated_division.h"
#include "reproduce/libra_network.h"
#include "reproduce/libra_runs.h"

namespace sextant {

namespace {

constexpr double kBytesPerAstraGb = 1024.0 * 1024 * 1024;

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string_view configuration_of(const std::string& config) {
  if (has(config, "equal")) return kEqualBw;
  if (has(config, "perfcost") || has(config, "perfpercost")) return kPerfPerCostOptBw;
  return has(config, "perf") ? kPerfOptBw : kDgx;
}

/// "4d_perf_17b" -> "17B"; the small set has but one workload.
std::string optimized_for(const LibraRun& run) {
  const std::string_view configuration = configuration_of(run.config);
  if (configuration == kEqualBw || configuration == kDgx) return "";
  if (run.is_small()) return run.workload_name();
  const std::string name = run.config.substr(run.config.rfind('_') + 1);
  for (const char* workload : {"17B", "175B", "1T"}) {
    if (name.size() == std::string_view(workload).size() &&
        std::equal(name.begin(), name.end(), workload,
                   [](char a, char b) { return std::toupper(a) == b; })) {
      return workload;
    }
  }
  return std::string(kGroupOfWorkloads);
}

double total(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

LibraPoint point_of(const LibraRun& run, const LibraNetworks& networks) {
  LibraPoint point;
  point.network = run.network_name();
  point.workload = run.workload_name();
  point.configuration = configuration_of(run.config);
  point.optimized_for = optimized_for(run);
  point.bandwidth_gb_per_s = run.bandwidth_gb_per_s();
  point.total_gb_per_s = std::round(total(point.bandwidth_gb_per_s));
  point.cost_usd = networks.usd(point.network, point.bandwidth_gb_per_s);
  point.within_limits = networks.within_limits(point.network, point.bandwidth_gb_per_s);
  point.recorded_s = run.recorded_s;
  return point;
}

/// Runs whose common division is one of the artifact's best ones: one run, or where all workloads
/// count, one of each.
using Rivals = std::vector<std::size_t>;

/// Indices into `points`, which are those of `runs`.
std::vector<Rivals> rivals_of(const std::vector<LibraPoint>& points) {
  std::vector<Rivals> all;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const LibraPoint& point = points[i];
    if (point.optimized_for == kGroupOfWorkloads) {
      const bool joins = !all.empty() && points[all.back()[0]].optimized_for == kGroupOfWorkloads &&
                         points[all.back()[0]].bandwidth_gb_per_s == point.bandwidth_gb_per_s;
      if (!joins) all.emplace_back();
      all.back().push_back(i);
    } else if (!point.optimized_for.empty() && point.is_own()) {
      all.push_back({i});
    }
  }
  return all;
}

/// Step time of the point's workload with the artifact's division for it.
double own_time_s(const std::vector<LibraPoint>& points, const LibraPoint& of) {
  for (const LibraPoint& point : points) {
    if (point.configuration == kPerfOptBw && point.optimized_for == of.workload &&
        point.workload == of.workload && point.network == of.network &&
        point.total_gb_per_s == of.total_gb_per_s) {
      return point.time_s;
    }
  }
  throw_bad_input(fmt::format("bw_setups.json has no division of {} GB/s for {} on {}",
                              of.total_gb_per_s, of.workload, of.network));
}

/// Our own division in the place of the artifact's, of as much bandwidth and for the same target;
/// of several workloads the mean slowdown against their own optima counts.
std::vector<LibraPoint> improved(const Rivals& rivals, const std::vector<LibraRun>& runs,
                                 const std::vector<LibraPoint>& points,
                                 const LibraNetworks& networks, LibraSimulator& simulator) {
  const LibraPoint& theirs = points[rivals[0]];
  SimulatedBandwidthProblem problem;
  problem.compute_scale = runs[rivals[0]].compute_scale;
  problem.target = theirs.configuration == kPerfPerCostOptBw ? BandwidthTarget::kTimeTimesCost
                                                             : BandwidthTarget::kTime;
  for (const std::size_t rival : rivals) {
    const PlacedWorkload& mapped = simulator.workload(runs[rival]);
    problem.trainings.push_back({mapped.workload, mapped.shapes, simulator.network(runs[rival]),
                                 rivals.size() == 1 ? 1 : 1 / own_time_s(points, points[rival])});
  }
  problem.usd_per_byte_per_s = networks.usd_per_gb_per_s(theirs.network);
  for (double& usd : problem.usd_per_byte_per_s) usd /= kBytesPerAstraGb;
  problem.starts = {theirs.bandwidth_gb_per_s};
  for (double& bandwidth : problem.starts[0]) bandwidth *= kBytesPerAstraGb;
  problem.constraints = {total_budget(theirs.bandwidth_gb_per_s.size(), total(problem.starts[0]))};
  std::vector<double> bandwidth = divide_bandwidth_simulated(problem).bandwidth_bytes_per_s;
  for (double& one : bandwidth) one /= kBytesPerAstraGb;

  std::vector<LibraPoint> out;
  for (const std::size_t rival : rivals) {
    LibraRun run = runs[rival];
    for (std::size_t d = 0; d < bandwidth.size(); ++d) {
      run.link_gb_per_s[d] = bandwidth[d] / run.links[d];
    }
    run.recorded_s.reset();
    LibraPoint point = point_of(run, networks);
    point.total_gb_per_s = theirs.total_gb_per_s;
    point.configuration = problem.target == BandwidthTarget::kTime ? kSextant : kSextantPerCost;
    point.time_s = simulator.step_s(run);
    out.push_back(std::move(point));
  }
  return out;
}

}  // namespace

LibraEvaluation evaluate_libra(const std::filesystem::path& artifact, std::string_view set) {
  using Clock = std::chrono::steady_clock;
  const auto seconds = [](Clock::time_point from, Clock::time_point to) {
    return std::chrono::duration<double>(to - from).count();
  };
  LibraEvaluation out;
  const auto start = Clock::now();
  std::vector<LibraRun> runs = read_libra_runs(artifact);
  std::erase_if(runs, [&](const LibraRun& run) { return run.is_small() != (set == "small"); });
  const LibraNetworks networks(artifact);
  LibraSimulator simulator(artifact);
  for (const LibraRun& run : runs) {
    out.points.push_back(point_of(run, networks));
    simulator.network(run);  // reads what it needs
    simulator.workload(run);
  }
  out.published = runs.size();
  const auto loaded = Clock::now();
  for (std::size_t i = 0; i < runs.size(); ++i) out.points[i].time_s = simulator.step_s(runs[i]);
  const auto simulated = Clock::now();
  const std::vector<LibraPoint> published = out.points;
  for (const Rivals& rivals : rivals_of(published)) {
    for (LibraPoint& point : improved(rivals, runs, published, networks, simulator)) {
      out.points.push_back(std::move(point));
    }
  }
  out.load_s = seconds(start, loaded);
  out.simulate_s = seconds(loaded, simulated);
  out.search_s = seconds(simulated, Clock::now());
  return out;
}

OrderedJson to_json(const LibraPoint& point) {
  OrderedJson out = {{"network", point.network},
                     {"workload", point.workload},
                     {"configuration", point.configuration}};
  if (!point.optimized_for.empty()) out["optimized_for"] = point.optimized_for;
  out["total_gb_per_s"] = point.total_gb_per_s;
  out["evidence"] = "estimated";
  out["bandwidth_gb_per_s"] = point.bandwidth_gb_per_s;
  out["within_limits"] = point.within_limits;
  out["time_s"] = point.time_s;
  out["cost_usd"] = point.cost_usd;
  if (point.recorded_s) {
    out["recorded"] = {{"time_s", *point.recorded_s},
                       {"relative_error", point.time_s / *point.recorded_s - 1}};
  }
  return out;
}

LibraPoint libra_point_from(const JsonNode& row) {
  LibraPoint point;
  point.network = row.at("network").name();
  point.workload = row.at("workload").name();
  point.configuration = kLibraConfigurations[row.at("configuration").one_of(kLibraConfigurations)];
  if (const auto optimized_for = row.find("optimized_for")) {
    point.optimized_for = optimized_for->name();
  }
  point.total_gb_per_s = row.at("total_gb_per_s").positive();
  point.bandwidth_gb_per_s = row.at("bandwidth_gb_per_s").numbers();
  point.within_limits = row.at("within_limits").boolean();
  point.time_s = row.at("time_s").positive();
  point.cost_usd = row.at("cost_usd").positive();
  if (const auto recorded = row.find("recorded")) {
    point.recorded_s = recorded->at("time_s").positive();
  }
  return point;
}

}  // namespace sextant
