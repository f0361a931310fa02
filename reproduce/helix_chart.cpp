#include <algorithm>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "reproduce/helix_report.h"

namespace sextant {

BarChart helix_chart(const std::vector<HelixRow>& rows, const HelixExperiment& experiment) {
  BarChart chart;
  chart.title = fmt::format("Helix {}: {}", experiment.name, experiment.description);
  chart.evidence = kHelixEvidence;
  chart.caption = "Simulated as Helix's artifact does. Marks: its published figures.";
  const bool any_published =
      std::any_of(rows.begin(), rows.end(), [](const HelixRow& row) { return row.is_published(); });
  for (const HelixRow& row : rows) chart.series.push_back(row.method.name);
  const auto group = [&](const std::string& name, const auto& ours, const auto& theirs) {
    BarChart::Group out{name, {}, {}};
    for (const HelixRow& row : rows) {
      out.values.push_back(row.ok() ? std::optional<double>(ours(row.outcome)) : std::nullopt);
      if (any_published) {
        out.published.push_back(row.is_published() ? theirs(*row.published) : std::nullopt);
      }
    }
    return out;
  };
  BarChart::Panel throughput{"", "decode throughput (tokens/s)", {}};
  throughput.groups.push_back(group(
      experiment.online ? "online" : "offline",
      [](const HelixOutcome& outcome) { return outcome.decode_tokens_per_s; },
      [](const HelixPublished& one) { return std::optional<double>(one.decode_tokens_per_s); }));
  chart.panels.push_back(std::move(throughput));
  if (!experiment.online) return chart;
  struct Kind {
    const char* y_label;
    LatencyPercentiles HelixOutcome::*ours;
    std::optional<LatencyPercentiles> HelixPublished::*theirs;
  };
  for (const Kind& kind : {Kind{"prompt latency (s)", &HelixOutcome::prompt_latency_s,
                                &HelixPublished::prompt_latency_s},
                           Kind{"decode latency (s)", &HelixOutcome::decode_latency_s,
                                &HelixPublished::decode_latency_s}}) {
    BarChart::Panel panel{"", kind.y_label, {}};
    for (std::size_t p = 0; p < kLatencyPercentiles.size(); ++p) {
      panel.groups.push_back(group(
          kLatencyPercentiles[p].name,
          [&](const HelixOutcome& outcome) { return (outcome.*kind.ours)[p]; },
          [&](const HelixPublished& one) {
            const auto& latencies = one.*kind.theirs;
            return latencies ? std::optional<double>((*latencies)[p]) : std::nullopt;
          }));
    }
    chart.panels.push_back(std::move(panel));
  }
  return chart;
}

}  // namespace sextant
