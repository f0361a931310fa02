#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analyzer/cluster/cluster.h"
#include "analyzer/core/evidence.h"
#include "analyzer/core/json_document.h"
#include "planner/training/planner.h"

namespace sextant {

/// What a planner found on a cluster, as an estimator judges it: a row of a planner figure.
struct PlannedRow {
  /// What a plan is worth.
  struct Worth {
    double iters_per_s = 0;
    double usd_per_iter = 0;
  };

  std::string cluster;  ///< Cluster::summary()
  std::string planner;
  std::string estimator;
  Evidence evidence = Evidence::kReplayed;
  bool feasible = false;
  std::string reason;  ///< why not

  // Of feasible ones:
  Worth worth;
  double peak_memory_bytes = 0;
  std::vector<std::pair<std::string, int>> gpus_used;  ///< by "<type>@<zone>"
  std::string plan;                                    ///< in short, for people
  OrderedJson artifact_plan;                           ///< null where the row was read
  std::optional<double> bound_iters_per_s;
  std::optional<double> bound_usd_per_iter;
  std::string space;  ///< what plans the bound is about; "" = nothing is proved
  /// How much better, as a part of this plan's figure, the objective could be by the bound:
  /// bound / throughput - 1, or USD / bound - 1.
  std::optional<double> gap;
  /// How many times as good as planner `sailor` under the same estimator, by the objective. Absent
  /// in rows of that planner and where one of both found nothing.
  std::optional<double> gain_over_sailor;
  /// The same plan as the published evaluation judges this planner's, where that differs from the
  /// estimator: what `published` is comparable with.
  struct AsPublished {
    double iters_per_s = 0;
    bool fits = true;
    std::string by;
  };
  std::optional<AsPublished> as_published;
  /// What is to be known of the judgement, for people; may be empty.
  std::string note;
  /// What a published planner was recorded to reach, as the published simulator judged it.
  struct Published {
    std::string planner;         ///< the row's own; beside ours, Sailor's
    std::optional<Worth> worth;  ///< nothing: it found no valid plan
    std::optional<double> search_s;
    int plans_rejected_oom = 0;
  };
  std::optional<Published> published;

  bool complete = true;
  std::uint64_t evaluations = 0;
  std::optional<double> first_plan_s;  ///< where times are wanted and the planner notes it
  std::optional<double> search_s;      ///< where times are wanted
  int plans_rejected_oom = 0;
  int plans_rejected_constraint = 0;
  int plans_not_judged = 0;

  int gpus() const;
};

/// The pools of a Cluster::summary(), in its order. Throws Error(kUsage).
std::vector<GpuCount> pools_of(std::string_view summary);

/// `timing`: with the times of the search.
PlannedRow planned_row(const PlannedJob& job, const Cluster& cluster, Objective objective,
                       bool timing);

/// `better` and `worse` are of one objective: how many times as good the first is.
double gain(const PlannedRow::Worth& better, const PlannedRow::Worth& worse, Objective objective);

/// Says of each row what it gains over planner `sailor` on the same cluster under the same
/// estimator.
void compare_with_sailor(std::vector<PlannedRow>& rows, Objective objective);

/// A row of the document `reproduction`.
OrderedJson to_json(const PlannedRow& row);
/// The same read again, without its artifact_plan. Throws Error(kBadInput) naming file and member.
PlannedRow planned_row_from(const JsonNode& row);

/// The rows, one line each under a line of names. What a row does not say is an empty field.
std::string planned_csv(const std::vector<PlannedRow>& rows);

}  // namespace sextant
