#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyzer/core/json_document.h"
#include "analyzer/report/bar_chart.h"
#include "reproduce/helix_experiment.h"
#include "reproduce/helix_methods.h"
#include "reproduce/helix_published.h"
#include "reproduce/helix_simulation.h"

namespace sextant {

/// The class of everything that an experiment of Helix shows: nobody ran the machines.
inline constexpr const char* kHelixEvidence = "estimated";

/// A method, what it did, and what was published of it or, beside ours, of Helix.
struct HelixRow {
  HelixMethod method;
  HelixOutcome outcome;
  std::optional<HelixPublished> published = std::nullopt;

  bool ok() const { return outcome.failure.empty(); }
  /// Whether the published figures are of this very method.
  bool is_published() const { return published && published->method == method.name; }
};

/// A row of the document `reproduction`. Without times if `timing` is false.
OrderedJson to_json(const HelixRow& row, const HelixExperiment& experiment, bool timing);

/// Of every method, against Helix's row, or that with our split where it is the only one; and how
/// many of its published figures are met to the printed digit.
OrderedJson helix_summary(const std::vector<HelixRow>& rows, const HelixExperiment& experiment);

/// Every latency: "method,kind,latency_s".
std::string helix_latencies_csv(const std::vector<HelixRow>& rows);
std::string helix_csv(const std::vector<HelixRow>& rows, bool timing);
/// A table for people, and what it shows in a few lines.
std::string helix_table(const std::vector<HelixRow>& rows, const HelixExperiment& experiment,
                        bool timing);
/// What has to be said of the rows.
std::vector<std::string> helix_notes(const HelixExperiment& experiment);

/// Decode throughput by method, online also the percentiles of latencies; what was published is
/// marked across the bars.
BarChart helix_chart(const std::vector<HelixRow>& rows, const HelixExperiment& experiment);

}  // namespace sextant
