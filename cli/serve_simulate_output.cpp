#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "analyzer/report/line_chart.h"
#include "cli/serve_parts.h"

namespace sextant::cli {

namespace {

/// "12.3" or, of several seeds, "12.3 ± 0.4".
std::string with_half_width(const std::string& value, const std::string& half_width, bool several) {
  return several ? value + " ± " + half_width : value;
}

std::string number(double value) {
  return fmt::format("{:.2f}", value);
}

class ResultText {
 public:
  explicit ResultText(const ServingResultDocument& document)
      : document_(document),
        statistics_(statistics_of(document.runs)),
        several_(document.runs.size() > 1) {}

  std::string text() const {
    return heading() + "\n" + throughput() + "\n" + latencies() + "\n" + counts() + "\n" + nodes();
  }

 private:
  std::string heading() const {
    const ServingSimulationOptions& options = document_.options;
    std::string text = fmt::format(
        "{} on {}, placement {} (evidence: {})\nscheduler {}, load {} ({})", document_.model,
        document_.cluster, document_.placement, to_string(document_.evidence),
        kRequestSchedulerNames[static_cast<std::size_t>(options.scheduler)], document_.load,
        document_.requests);
    if (document_.tokens_per_s > 0) {
      text += fmt::format(", {:g} tokens/s offered", document_.tokens_per_s);
    }
    text +=
        fmt::format("; {:g} s after {:g} s, overflow {}, ", options.duration_s, options.warm_up_s,
                    kOverflowPolicyNames[static_cast<std::size_t>(options.overflow)]);
    return text + (several_ ? fmt::format("seeds {} to {}\n", document_.seeds.front(),
                                          document_.seeds.back())
                            : fmt::format("seed {}\n", document_.seeds.front()));
  }

  std::string figure(double mean, double half_width) const {
    return with_half_width(number(mean), number(half_width), several_);
  }

  std::string seconds(const std::optional<double>& mean,
                      const std::optional<double>& half_width) const {
    if (!mean) return "-";
    // Of equal values rounding alone is left.
    constexpr double kRounding = 1e-9;
    const bool spread = several_ && half_width && *half_width > kRounding * *mean;
    return with_half_width(format_seconds(*mean), format_seconds(half_width.value_or(0)), spread);
  }

  std::string throughput() const {
    const ServingFigures& mean = statistics_.mean;
    const ServingFigures& half = statistics_.half_width;
    std::string text = fmt::format("decode throughput {} tokens/s, {} requests/s\n",
                                   figure(mean.decode_tokens_per_s, half.decode_tokens_per_s),
                                   figure(mean.requests_per_s, half.requests_per_s));
    if (mean.good_requests_per_s) {
      text += fmt::format("good requests {} /s",
                          figure(*mean.good_requests_per_s, half.good_requests_per_s.value_or(0)));
      if (mean.good_share) text += fmt::format(", {:.1f} %", 100 * *mean.good_share);
      text += targets() + "\n";
    }
    return text;
  }

  std::string targets() const {
    std::string text;
    if (document_.targets.first_token_s) {
      text += fmt::format(": first token within {:g} s", *document_.targets.first_token_s);
    }
    if (document_.targets.per_output_token_s) {
      text += fmt::format("{} {:g} s per output token", text.empty() ? ":" : ",",
                          *document_.targets.per_output_token_s);
    }
    return text;
  }

  template <std::size_t N>
  void add_row(Table& table, std::string name, const std::array<std::optional<double>, N>& mean,
               const std::array<std::optional<double>, N>& half) const {
    std::vector<std::string> cells = {std::move(name)};
    for (std::size_t i = 0; i < N; ++i) cells.push_back(seconds(mean[i], half[i]));
    table.add_row(std::move(cells));
  }

  std::string latencies() const {
    const ServingFigures& mean = statistics_.mean;
    const ServingFigures& half = statistics_.half_width;
    std::vector<Table::Column> columns = {{"latency of", Table::Align::kLeft}};
    for (const std::string_view name : kArtifactShareNames) columns.push_back({std::string(name)});
    Table steps(std::move(columns));
    add_row(steps, "a prompt", mean.prompt_latency_s, half.prompt_latency_s);
    add_row(steps, "a decode step", mean.decode_latency_s, half.decode_latency_s);
    columns = {{"of a request", Table::Align::kLeft}};
    for (const std::string_view name : kUserShareNames) columns.push_back({std::string(name)});
    Table requests(std::move(columns));
    add_row(requests, "time to first token", mean.time_to_first_token_s,
            half.time_to_first_token_s);
    add_row(requests, "time per output token", mean.time_per_output_token_s,
            half.time_per_output_token_s);
    add_row(requests, "end to end", mean.end_to_end_s, half.end_to_end_s);
    return steps.text() + "\n" + requests.text();
  }

  std::string counts() const {
    const ServingFigures& mean = statistics_.mean;
    const auto count = [&](double value) {
      return fmt::format("{:.{}f}", value, several_ ? 1 : 0);
    };
    return fmt::format("requests{}: {} finished, {} rejected, {} dropped, {} preemptions\n",
                       several_ ? ", mean of the seeds" : "", count(mean.finished),
                       count(mean.rejected), count(mean.dropped), count(mean.preempted));
  }

  std::string nodes() const {
    Table table({{"node", Table::Align::kLeft},
                 {"type", Table::Align::kLeft},
                 {"layers"},
                 {"busy"},
                 {"batch"},
                 {"queue"},
                 {"at most"},
                 {"KV cache"},
                 {"at most"}});
    for (std::size_t n = 0; n < document_.loads.size(); ++n) {
      const ServedNode& node = document_.nodes[n];
      const ServedNodeLoad& load = document_.loads[n];
      table.add_row({node.name, document_.types[static_cast<std::size_t>(node.type)],
                     fmt::format("{} to {}", node.layers.first, node.layers.end - 1),
                     fmt::format("{:.1f} %", 100 * load.busy_share), number(load.mean_batch),
                     number(load.mean_queue), fmt::format("{:g}", load.peak_queue),
                     fmt::format("{:.1f} %", 100 * load.mean_kv_share),
                     fmt::format("{:.1f} %", 100 * load.peak_kv_share)});
    }
    return table.text();
  }

  const ServingResultDocument& document_;
  ServingStatistics statistics_;
  bool several_;
};

/// The seeds' samples together, ascending.
std::vector<double> pooled(const ServingRuns& runs,
                           std::vector<double> ServingSimulationResult::*samples) {
  std::vector<double> all;
  for (const ServingSimulationResult& result : runs.results) {
    all.insert(all.end(), (result.*samples).begin(), (result.*samples).end());
  }
  std::sort(all.begin(), all.end());
  return all;
}

std::vector<LineChart::Point> percentile_line(const std::vector<double>& ascending) {
  std::vector<LineChart::Point> line;
  if (ascending.empty()) return line;
  constexpr int kPercent = 100;
  for (int p = 1; p < kPercent; p += p < 5 || p >= 95 ? 1 : 5) {
    line.push_back({static_cast<double>(p), *artifact_percentile(ascending, p / 100.0)});
  }
  return line;
}

}  // namespace

std::string serving_result_text(const ServingResultDocument& document) {
  return ResultText(document).text();
}

std::string latencies_csv(const ServingRuns& runs) {
  std::string text = "seed,kind,latency_s\n";
  for (std::size_t i = 0; i < runs.results.size(); ++i) {
    const auto add = [&](const char* kind, const std::vector<double>& samples) {
      for (const double latency_s : samples) {
        text += fmt::format("{},{},{}\n", runs.document.seeds[i], kind, latency_s);
      }
    };
    add("prompt", runs.results[i].prompt_latency_s);
    add("decode", runs.results[i].decode_latency_s);
  }
  return text;
}

std::string latency_plot(const ServingRuns& runs) {
  const ServingResultDocument& document = runs.document;
  LineChart chart;
  chart.title =
      fmt::format("{} on {}, placement {}", document.model, document.cluster, document.placement);
  chart.x_label = "percentile";
  chart.evidence = to_string(document.evidence);
  chart.caption =
      fmt::format("Scheduler {}, load {}; {:.1f} decode tokens/s.",
                  kRequestSchedulerNames[static_cast<std::size_t>(document.options.scheduler)],
                  document.load, statistics_of(document.runs).mean.decode_tokens_per_s);
  chart.series = {
      std::string(kRequestSchedulerNames[static_cast<std::size_t>(document.options.scheduler)])};
  chart.columns = 2;
  chart.panels.push_back(
      {"a prompt",
       "latency of a prompt, s",
       {percentile_line(pooled(runs, &ServingSimulationResult::prompt_latency_s))}});
  chart.panels.push_back(
      {"a decode step",
       "latency of a decode step, s",
       {percentile_line(pooled(runs, &ServingSimulationResult::decode_latency_s))}});
  if (chart.panels[0].lines[0].empty() && chart.panels[1].lines[0].empty()) {
    throw_infeasible("nothing to draw: no request got a token within the window");
  }
  return svg(chart);
}

}  // namespace sextant::cli
