#include "reproduce/libra_optimizer.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/table.h"
#include "analyzer/report/bar_chart.h"
#include "reproduce/libra_problems.h"

namespace sextant {

namespace {

OrderedJson to_json(const LibraSolution& row, bool timing) {
  const LibraProblem& problem = row.problem;
  OrderedJson out = {{"network", problem.network},
                     {"workload", problem.workload},
                     {"target", to_string(problem.target)},
                     {"loop", to_string(problem.loop)},
                     {"total_gb_per_s", problem.total_gb_per_s},
                     {"evidence", "estimated"},
                     {"bandwidth_gb_per_s", row.bandwidth_gb_per_s},
                     {"objective", row.objective},
                     {"time_s", row.time_s},
                     {"cost_usd", row.cost_usd},
                     {"gain_over_equal", row.gain_over_equal},
                     {"kkt_residual", row.kkt_residual}};
  if (timing) out["solve_s"] = row.solve_s;
  OrderedJson published = {{"objective", problem.objective},
                           {"relative_error", row.relative_error()},
                           {"bandwidth_gb_per_s", problem.bandwidth_gb_per_s}};
  if (!problem.tie_note.empty()) published["note"] = problem.tie_note;
  if (row.problem.descent) {
    OrderedJson descent = {{"steps", row.problem.descent->steps},
                           {"objective", row.problem.descent->objective},
                           {"bandwidth_gb_per_s", row.problem.descent->bandwidth_gb_per_s}};
    if (timing) descent["solve_s"] = row.problem.descent->wall_s;
    published["descent"] = std::move(descent);
  }
  out["published"] = std::move(published);
  return out;
}

std::string csv_of(const std::vector<LibraSolution>& rows, bool timing) {
  std::string text =
      "network,workload,target,loop,total_gb_per_s,bandwidth_gb_per_s,objective,time_s,cost_usd,"
      "gain_over_equal,kkt_residual,solve_s,published_objective,published_bandwidth_gb_per_s\n";
  for (const LibraSolution& row : rows) {
    const LibraProblem& problem = row.problem;
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", problem.network,
                        problem.workload, to_string(problem.target), to_string(problem.loop),
                        problem.total_gb_per_s, fmt::join(row.bandwidth_gb_per_s, " "),
                        row.objective, row.time_s, row.cost_usd, row.gain_over_equal,
                        row.kkt_residual, timing ? fmt::format("{}", row.solve_s) : "",
                        problem.objective, fmt::join(problem.bandwidth_gb_per_s, " "));
  }
  return text;
}

std::string table_of(const std::vector<LibraSolution>& rows, bool timing) {
  using Align = Table::Align;
  std::vector<Table::Column> columns = {{"network", Align::kLeft},
                                        {"workload", Align::kLeft},
                                        {"target", Align::kLeft},
                                        {"loop", Align::kLeft},
                                        {"GB/s"},
                                        {"divided", Align::kLeft},
                                        {"objective"},
                                        {"over record"},
                                        {"USD"},
                                        {"gain on equal"},
                                        {"residual"}};
  if (timing) columns.push_back({"solved in"});
  Table table(columns);
  for (const LibraSolution& row : rows) {
    const LibraProblem& problem = row.problem;
    std::vector<std::string> cells = {
        problem.network,
        problem.workload,
        std::string(to_string(problem.target)),
        std::string(to_string(problem.loop)),
        fmt::format("{}", problem.total_gb_per_s),
        fmt::format("{:.4f}", fmt::join(row.bandwidth_gb_per_s, " / ")),
        problem.target == BandwidthTarget::kTime ? fmt::format("{:.1f} ns", row.objective)
                                                 : fmt::format("{:.9e} ns·USD", row.objective),
        fmt::format("{:+.1e}", row.relative_error()),
        format_count(row.cost_usd),
        fmt::format("{:.3f}x", row.gain_over_equal),
        fmt::format("{:.0e}", row.kkt_residual)};
    if (timing) cells.push_back(format_seconds(row.solve_s));
    table.add_row(cells);
  }
  return table.text();
}

/// The bandwidth of every dimension of each command.
BarChart table6_chart(const std::vector<LibraSolution>& rows) {
  BarChart chart;
  chart.series = {"Tile", "Package", "Node", "Pod"};
  BarChart::Panel panel{"", "bandwidth (GB/s)", {}};
  for (const LibraSolution& row : rows) {
    BarChart::Group group{
        fmt::format("{} {}", row.problem.workload, to_string(row.problem.loop)), {}, {}};
    for (const double bandwidth : row.bandwidth_gb_per_s) group.values.emplace_back(bandwidth);
    for (const double recorded : row.problem.bandwidth_gb_per_s) {
      group.published.emplace_back(recorded);
    }
    panel.groups.push_back(std::move(group));
  }
  chart.panels.push_back(std::move(panel));
  return chart;
}

/// What the best division gains on equal parts, at the budget of Table VI.
BarChart gain_chart(const std::vector<LibraSolution>& rows) {
  BarChart chart;
  for (const TrainingLoop loop : {TrainingLoop::kNoOverlap, TrainingLoop::kOverlap}) {
    chart.series.emplace_back(to_string(loop));
  }
  for (const BandwidthTarget target : {BandwidthTarget::kTime, BandwidthTarget::kTimeTimesCost}) {
    BarChart::Panel panel{
        fmt::format("{}, {} GB/s", to_string(target), kLibraTable6GbPerS),
        target == BandwidthTarget::kTime ? "time, equal ÷ best" : "time × USD, equal ÷ best",
        {}};
    std::map<std::string, std::size_t> groups;
    for (const LibraSolution& row : rows) {
      const LibraProblem& problem = row.problem;
      if (problem.target != target || problem.total_gb_per_s != kLibraTable6GbPerS) continue;
      const std::string name = fmt::format("{} {}", problem.network, problem.workload);
      const auto [group, added] = groups.emplace(name, panel.groups.size());
      if (added) panel.groups.push_back({name, {std::nullopt, std::nullopt}, {}});
      panel.groups[group->second].values[problem.loop == TrainingLoop::kOverlap ? 1 : 0] =
          row.gain_over_equal;
    }
    chart.panels.push_back(std::move(panel));
  }
  return chart;
}

std::vector<std::string> notes_on(const std::vector<LibraSolution>& rows, bool table6) {
  std::vector<std::string> notes = {
      "Objectives are ns, or ns × USD, with computation as the workloads have it and 1 GB = 1e9 "
      "bytes, as optimize.sh prints them; the artifact's price table, links shared by their two "
      "ends.",
      "The paper's own figures could not be had. 'published' is an exact optimum of the same "
      "problem, found with SciPy and recorded; its vectors are rounded to 1e-6 GB/s."};
  if (table6) {
    notes.emplace_back(
        "The four commands of Table VI. Its first was also run with the original: 500,000 steps of "
        "gradient descent ('descent' in the rows).");
    return notes;
  }
  if (std::any_of(rows.begin(), rows.end(),
                  [](const LibraSolution& row) { return !row.problem.tie_note.empty(); })) {
    notes.emplace_back(
        "3D networks have two dimensions of the same price, so that several divisions have the "
        "best time × USD: objectives agree there, vectors need not.");
  }
  return notes;
}

std::string descents_text(const std::vector<LibraSolution>& rows, bool timing) {
  std::string text;
  for (const LibraSolution& row : rows) {
    if (!row.problem.descent) continue;
    text += fmt::format(
        "\n{}: the original's {} steps of gradient descent{} end {:.1e} above the optimum, at "
        "{:.2f} GB/s.\n",
        row.problem.name(), row.problem.descent->steps,
        timing ? fmt::format(" took {} and", format_seconds(row.problem.descent->wall_s)) : "",
        row.problem.descent->objective / row.objective - 1,
        fmt::join(row.problem.descent->bandwidth_gb_per_s, " / "));
  }
  return text;
}

std::string verdict(const std::vector<LibraSolution>& rows, bool timing) {
  double least = std::numeric_limits<double>::infinity();
  double most = -least;
  double residual = 0;
  double slowest_s = 0;
  for (const LibraSolution& row : rows) {
    const double over = row.relative_error();
    least = std::min(least, over);
    most = std::max(most, over);
    residual = std::max(residual, row.kkt_residual);
    slowest_s = std::max(slowest_s, row.solve_s);
  }
  return fmt::format(
      "\n{} problems: {:+.1e} to {:+.1e} of the recorded objective, residual at most "
      "{:.1e}{}.\n",
      rows.size(), least, most, residual,
      timing ? fmt::format(", slowest {}", format_seconds(slowest_s)) : "");
}

}  // namespace

std::vector<ExperimentName> libra_optimizer_experiments() {
  return {{"libra", "optimizer", "Best divisions of bandwidth: every recorded problem"},
          {"libra", "table6", "Best divisions of 325 GB/s over four dimensions: Table VI"}};
}

Reproduction reproduce_libra_optimizer(const std::string& experiment,
                                       const ReproduceOptions& options) {
  const bool table6 = experiment == "table6";
  const auto start = std::chrono::steady_clock::now();
  const std::filesystem::path artifact = options.artifact_dir;
  std::vector<LibraProblem> problems = read_libra_problems(artifact);
  if (table6) std::erase_if(problems, [](const LibraProblem& one) { return !one.is_of_table6(); });
  const auto loaded = std::chrono::steady_clock::now();
  const std::vector<LibraSolution> rows = solve_libra_problems(problems, artifact);

  Reproduction out;
  out.system = "libra";
  out.experiment = experiment;
  for (const ExperimentName& name : libra_optimizer_experiments()) {
    if (name.experiment == experiment) out.title = name.description;
  }
  out.notes = notes_on(rows, table6);
  for (const LibraSolution& row : rows) out.rows.push_back(to_json(row, options.timing));
  const auto seconds = [](auto from, auto to) {
    return std::chrono::duration<double>(to - from).count();
  };
  out.timing = {{"load_s", seconds(start, loaded)},
                {"solve_s", seconds(loaded, std::chrono::steady_clock::now())}};
  out.csv = csv_of(rows, options.timing);
  BarChart chart = table6 ? table6_chart(rows) : gain_chart(rows);
  chart.title = fmt::format("LIBRA {}: {}", experiment, out.title);
  chart.evidence = "estimated";
  chart.caption = table6 ? "Published: the recorded exact optimum of the same problem."
                         : "Equal: the same budget in equal parts.";
  out.plot_svg = svg(chart);
  out.text = fmt::format("LIBRA {}: {}\n", experiment, out.title);
  for (const std::string& note : out.notes) out.text += "- " + note + '\n';
  out.text += '\n' + table_of(rows, options.timing) + verdict(rows, options.timing) +
              descents_text(rows, options.timing);
  return out;
}

}  // namespace sextant
