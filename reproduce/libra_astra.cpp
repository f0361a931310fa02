#include "reproduce/libra_astra.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/table.h"
#include "analyzer/report/line_chart.h"
#include "reproduce/libra_network.h"
#include "reproduce/libra_runs.h"

namespace sextant {

namespace {

struct Row {
  LibraRun run;
  double time_s = 0;
  double cost_usd = 0;

  double total_gb_per_s() const {
    const std::vector<double> bandwidth = run.bandwidth_gb_per_s();
    return std::accumulate(bandwidth.begin(), bandwidth.end(), 0.0);
  }
  double relative_error() const { return time_s / *run.recorded_s - 1; }
};

OrderedJson to_json(const Row& row) {
  return {
      {"network", row.run.network_name()},
      {"workload", row.run.workload},
      {"configuration", row.run.config},
      {"link_bw", row.run.link_gb_per_s},
      {"links", row.run.links},
      {"total_gb_per_s", row.total_gb_per_s()},
      {"evidence", "estimated"},
      {"time_s", row.time_s},
      {"cost_usd", row.cost_usd},
      {"recorded", {{"time_s", *row.run.recorded_s}, {"relative_error", row.relative_error()}}}};
}

std::string csv_of(const std::vector<Row>& rows) {
  std::string text =
      "network,workload,configuration,link_gb_per_s,links,total_gb_per_s,time_s,cost_usd,"
      "recorded_s,relative_error\n";
  for (const Row& row : rows) {
    text += fmt::format("{},{},{},{},{},{},{},{},{},{}\n", csv_field(row.run.network_name()),
                        csv_field(row.run.workload), csv_field(row.run.config),
                        fmt::join(row.run.link_gb_per_s, " "), fmt::join(row.run.links, " "),
                        row.total_gb_per_s(), row.time_s, row.cost_usd, *row.run.recorded_s,
                        row.relative_error());
  }
  return text;
}

std::string table_of(const std::vector<Row>& rows) {
  using Align = Table::Align;
  Table table({{"configuration", Align::kLeft},
               {"workload", Align::kLeft},
               {"links × GB/s", Align::kLeft},
               {"step"},
               {"recorded"},
               {"error"}});
  for (const Row& row : rows) {
    std::string links;
    for (std::size_t d = 0; d < row.run.links.size(); ++d) {
      links +=
          fmt::format("{}{} × {}", d == 0 ? "" : ", ", row.run.links[d], row.run.link_gb_per_s[d]);
    }
    table.add_row({row.run.config, row.run.workload_name(), links,
                   fmt::format("{:.3f} us", row.time_s * 1e6),
                   fmt::format("{:.3f} us", *row.run.recorded_s * 1e6),
                   fmt::format("{:+.1e}", row.relative_error())});
  }
  return table.text();
}

/// Simulated over recorded step times, a line a workload: the diagonal where they agree.
LineChart plot_of(const std::vector<Row>& rows) {
  LineChart chart;
  chart.title = "LIBRA astra: " + libra_astra_experiment().description;
  chart.x_label = "recorded step time (ms)";
  chart.evidence = "estimated";
  chart.panels = {{"", "simulated step time (ms)", {}}};
  std::vector<std::vector<LineChart::Point>>& lines = chart.panels[0].lines;
  for (const Row& row : rows) {
    const std::string name = row.run.workload_name();
    const auto found = std::find(chart.series.begin(), chart.series.end(), name);
    const auto series = static_cast<std::size_t>(found - chart.series.begin());
    if (found == chart.series.end()) {
      chart.series.push_back(name);
      lines.emplace_back();
    }
    lines[series].push_back({*row.run.recorded_s * 1e3, row.time_s * 1e3});
  }
  for (std::vector<LineChart::Point>& line : lines) {
    std::sort(line.begin(), line.end(), [](const auto& a, const auto& b) { return a.x < b.x; });
  }
  return chart;
}

}  // namespace

ExperimentName libra_astra_experiment() {
  return {"libra", "astra", "Training steps that were recorded in ASTRA-sim, simulated again"};
}

Reproduction reproduce_libra_astra(const ReproduceOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  const LibraNetworks networks(options.artifact_dir);
  LibraSimulator simulator(options.artifact_dir);
  std::vector<Row> rows;
  for (LibraRun& run : read_libra_runs(options.artifact_dir)) {
    if (!run.recorded_s) continue;
    simulator.network(run);  // reads what it needs
    simulator.workload(run);
    const double cost_usd = networks.usd(run.network_name(), run.bandwidth_gb_per_s());
    rows.push_back({std::move(run), 0, cost_usd});
  }
  const auto loaded = std::chrono::steady_clock::now();
  double worst = 0;
  for (Row& row : rows) {
    row.time_s = simulator.step_s(row.run);
    worst = std::max(worst, std::abs(row.relative_error()));
  }

  Reproduction out;
  out.system = "libra";
  out.experiment = libra_astra_experiment().experiment;
  out.title = libra_astra_experiment().description;
  out.notes = {
      "Recorded with ASTRA-sim's tag tutorial-isca2022 and its analytical back end at c7315cb: the "
      "branches that the artifact names could not be had.",
      "Costs are by the artifact's price table; the recorded runs' own prices are older ones."};
  for (const Row& row : rows) out.rows.push_back(to_json(row));
  const auto seconds = [](auto from, auto to) {
    return std::chrono::duration<double>(to - from).count();
  };
  out.timing = {{"load_s", seconds(start, loaded)},
                {"simulate_s", seconds(loaded, std::chrono::steady_clock::now())}};
  out.csv = csv_of(rows);
  out.plot_svg = svg(plot_of(rows));
  out.text = fmt::format("LIBRA astra: {}\n", out.title);
  for (const std::string& note : out.notes) out.text += "- " + note + '\n';
  out.text += fmt::format("\n{}\n{} runs, step times within {:.1e} of the recorded ones.\n",
                          table_of(rows), rows.size(), worst);
  return out;
}

}  // namespace sextant
