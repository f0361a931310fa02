#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analyzer/cluster/availability_trace.h"
#include "analyzer/cluster/cluster.h"
#include "analyzer/plan/job.h"

namespace sextant {

/// Inputs of one planner figure of Sailor's evaluation. Paths lie below the artifact.
struct PlannerFigure {
  const char* name;
  const char* description;
  const char* job;         ///< below simulations/configs
  const char* trace = "";  ///< likewise; one cluster a row
  /// Instead of the trace where it was never published: the counts that the figure's labels give.
  std::vector<std::vector<GpuCount>> clusters = {};
  Objective objective = Objective::kThroughput;
  const char* min_iters_per_s = nullptr;   ///< file with the bound, below ae_scripts/planner
  const char* max_usd_per_iter = nullptr;  ///< likewise
  bool shows_cost = false;                 ///< beside throughput
  /// Whom the figure compares beside Sailor's planner and ours.
  std::vector<const char*> baselines = {};
};

const std::vector<PlannerFigure>& planner_figures();
/// Throws Error(kUsage).
const PlannerFigure& planner_figure_named(const std::string& name);

/// What is trained, for which objective and under which bounds. Throws Error(kBadInput) naming the
/// file.
Job job_of(const PlannerFigure& figure, const std::filesystem::path& artifact);

/// The clusters of the figure, in its order. Throws Error(kBadInput) naming the file.
std::vector<Cluster> clusters_of(const PlannerFigure& figure,
                                 const std::filesystem::path& artifact);

}  // namespace sextant
