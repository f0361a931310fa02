#pragma once

#include <string>
#include <vector>

#include "analyzer/report/bar_chart.h"
#include "reproduce/planned_row.h"
#include "reproduce/sailor_planner_figures.h"

namespace sextant {

/// What a bar of a planner figure stands for.
enum class PlanMetric { kThroughput, kCost };

/// Those of the paper's figure, its objective first.
std::vector<PlanMetric> metrics_of(const PlannerFigure& figure);

/// Panels beside each other for the estimators, below each other for the metrics; a group of bars
/// is a cluster. What the published planner was recorded to reach is marked across ours where rows
/// have it.
BarChart planning_chart(const PlannerFigure& figure, const std::vector<PlannedRow>& rows,
                        const std::vector<PlanMetric>& metrics);

/// A table for each estimator.
std::string planning_tables(const PlannerFigure& figure, const std::vector<PlannedRow>& rows);

/// "32 A100-40 + 96 V100-16" of a Cluster::summary(); where there are several zones, "5 × 32
/// A100-40" of a type that has equally many GPUs in five of them, else "32, 16 A100-40". Throws
/// Error(kUsage) on what is no summary.
std::string short_cluster_name(const std::string& summary);

}  // namespace sextant
