#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analyzer/topology/formats/astra_files.h"
#include "analyzer/topology/formats/network_files.h"
#include "analyzer/topology/generated/generated_workload.h"
#include "analyzer/topology/group_mapping.h"
#include "analyzer/topology/step_time.h"
#include "analyzer/topology/workload.h"
#include "planner/topology/bandwidth_problem.h"

namespace sextant {

/// A workload whose groups have their place in a network.
struct PlacedWorkload {
  Workload workload;
  std::vector<GroupShape> shapes;
  double weight = 1;                            ///< among several
  std::optional<Parallelism> parallelism = {};  ///< where it was generated
};

/// The network of a file (read_network_file), or the one of this name in profiles/topologies.
/// Throws Error(kBadInput), for a name that is not there with the nearest ones.
NetworkFile find_network(const std::string& file_or_name);

/// ASTRA-sim's network JSON with what its command line puts in the place of the file's lists.
NetworkFile find_astra_network(const std::filesystem::path& path, const AstraOverrides& overrides);

/// What a workload's file leaves open.
struct WorkloadPlacement {
  std::optional<int> model_npus = {};        ///< where its header does not say
  std::filesystem::path communicators = {};  ///< the release's YAML; "" = by LIBRA's rule
};

/// Reads a workload in ASTRA-sim's text form and places its groups: as its communicators say, else
/// by map_from_both_ends. Throws Error(kBadInput) where they do not fit the network, or nothing
/// says how many NPUs the model group has.
PlacedWorkload read_placed_workload(const std::filesystem::path& path, const Topology& topology,
                                    const WorkloadPlacement& placement = {});

/// The workload of a model (generate_workload), its axes from the innermost dimension outwards in
/// `order`. Throws Error(kBadInput) where they do not fit the network.
PlacedWorkload generate_placed_workload(const ModelDescription& model,
                                        const Parallelism& parallelism, const GpuSpec& gpu,
                                        const Topology& topology,
                                        const AxisOrder& order = kUsualAxisOrder);

/// USD for each byte/s by dimension; nothing where the file has no prices. SC'22's convention where
/// it names none.
std::optional<std::vector<double>> dimension_prices(const NetworkFile& network);

/// What is asked of a network and its workloads.
struct DivisionQuestion {
  BandwidthTarget target = BandwidthTarget::kTime;
  TrainingLoop loop = TrainingLoop::kNoOverlap;
  double compute_scale = 1;
  std::optional<double> total_bytes_per_s = {};  ///< of each NPU; nothing: what the network says
  bool at_most = false;                          ///< the total may be left unspent
  std::vector<std::string> constraints = {};     ///< as bandwidth_constraints_from reads them
  /// Each workload's objective is divided by what it reaches where the network is its alone, so
  /// that the slowest does not dominate the mean.
  bool normalised = false;
};

/// The same; where prices are not known all dimensions count as equally dear, which only matters
/// where several divisions are best. Throws Error(kBadInput) where the target needs prices.
std::vector<double> prices_for(const NetworkFile& network, BandwidthTarget target);

/// The weights of the workloads as shares of their sum. Throws Error(kBadInput) unless they are
/// positive.
std::vector<double> normal_weights(std::span<const PlacedWorkload> workloads);

/// The budget of each NPU in bytes/s: the question's, else the network's total, else the sum of its
/// bandwidths; nothing where none is known. Throws Error(kBadInput) unless it is positive.
std::optional<double> budget_of(const NetworkFile& network, const DivisionQuestion& question);

/// The budget, where one is known, and the question's constraints. Throws Error(kBadInput) where
/// there is none.
std::vector<BandwidthConstraint> constraints_of(const NetworkFile& network,
                                                const DivisionQuestion& question);

/// The problem whose objective is the weighted mean over the workloads (one at least). Throws
/// Error(kBadInput) as prices_for() and constraints_of(), where a workload takes no time at all,
/// and as divide_bandwidth() where the question is normalised.
BandwidthProblem bandwidth_problem(const NetworkFile& network,
                                   std::span<const PlacedWorkload> workloads,
                                   const DivisionQuestion& question);

/// The problem's objective at a division that need not be the best: s, or s * USD.
double objective_at(const BandwidthProblem& problem, std::span<const double> bandwidth_bytes_per_s);

/// How far a division stays below (at most) or above (at least) the constraint's bound, in bytes/s;
/// negative where it violates it, and off an equation on either side.
double slack(const BandwidthConstraint& constraint, std::span<const double> bandwidth_bytes_per_s);

/// The weighted mean of the workloads' step times, not normalised.
StepTime mean_step_time(std::span<const PlacedWorkload> workloads, TrainingLoop loop,
                        double compute_scale);

}  // namespace sextant
