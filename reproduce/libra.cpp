#include "reproduce/libra.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "reproduce/libra_astra.h"
#include "reproduce/libra_evaluation.h"
#include "reproduce/libra_figures.h"
#include "reproduce/libra_optimizer.h"

namespace sextant {

namespace {

void refuse_what_others_take(const std::string& experiment, const ReproduceOptions& options) {
  if (!options.planners.empty() || !options.estimators.empty() || !options.metric.empty() ||
      !options.measured_dir.empty() || options.search.max_evaluations > 0) {
    throw_usage(fmt::format(
        "libra {} has no planners, estimators, metrics, measured runs or search budgets to choose",
        experiment));
  }
}

LibraEvaluation recorded(const LibraFigure& figure, const std::string& file) {
  const JsonDocument document = JsonDocument::read(file);
  const JsonNode root = document.root_of_kind("reproduction", 1);
  if (root.at("system").string() != "libra") root.at("system").fail("\"libra\"");
  const JsonNode experiment = root.at("experiment");
  experiment.one_of({"evaluation", figure.name});
  LibraEvaluation out;
  for (const JsonNode& row : root.at("rows").elements()) {
    out.points.push_back(libra_point_from(row));
  }
  if (out.points.empty()) root.at("rows").fail("at least one row");
  return out;
}

[[noreturn]] void refuse_fig15_of_small() {
  throw_usage(
      "figure 15 shows workloads on networks that were divided for others; the small set has 17B "
      "only");
}

LibraEvaluation evaluation_for(const LibraFigure& figure, const ReproduceOptions& options) {
  const bool needs_others = figure.shows == LibraFigure::Shows::kSlowdown;
  if (needs_others && options.set == "small") refuse_fig15_of_small();
  if (options.from.empty()) {
    return evaluate_libra(options.artifact_dir, options.set.empty() ? "full" : options.set);
  }
  if (!options.set.empty()) throw_usage("--from has the rows of a set; leave out --set");
  LibraEvaluation out = recorded(figure, options.from);
  if (needs_others && std::all_of(out.points.begin(), out.points.end(),
                                  [](const LibraPoint& point) { return point.is_own(); })) {
    refuse_fig15_of_small();
  }
  return out;
}

/// How much better ours are than the artifact's of the same kind, over points that are both there.
std::string gain_text(const std::vector<LibraPoint>& points, std::string_view ours,
                      std::string_view theirs, bool per_cost) {
  const auto objective = [&](const LibraPoint& point) {
    return per_cost ? point.time_s * point.cost_usd : point.time_s;
  };
  double least = INFINITY;
  double most = 0;
  double sum = 0;
  int count = 0;
  for (const LibraPoint& own : points) {
    if (own.configuration != ours || !own.is_own()) continue;
    for (const LibraPoint& other : points) {
      if (other.configuration != theirs || other.network != own.network ||
          other.workload != own.workload || other.optimized_for != own.optimized_for ||
          other.total_gb_per_s != own.total_gb_per_s) {
        continue;
      }
      const double gain = objective(other) / objective(own) - 1;
      least = std::min(least, gain);
      most = std::max(most, gain);
      sum += gain;
      ++count;
    }
  }
  if (count == 0) return "";
  return fmt::format("{} over {}, {}: {:+.2f} % to {:+.2f} %, mean {:+.2f} % of {}.\n", ours,
                     theirs, per_cost ? "speed per cost" : "speed", 100 * least, 100 * most,
                     100 * sum / count, count);
}

std::string accuracy_text(const std::vector<LibraPoint>& points) {
  double worst = 0;
  int count = 0;
  for (const LibraPoint& point : points) {
    if (!point.recorded_s) continue;
    worst = std::max(worst, std::abs(point.time_s / *point.recorded_s - 1));
    ++count;
  }
  if (count == 0) return "";
  return fmt::format("Step times of {} points were recorded in ASTRA-sim: within {:.1e} of them.\n",
                     count, worst);
}

std::string timing_text(const LibraEvaluation& evaluation) {
  return fmt::format("{} published points were simulated in {}, {} of ours found in {}.\n",
                     evaluation.published, format_seconds(evaluation.simulate_s),
                     evaluation.points.size() - evaluation.published,
                     format_seconds(evaluation.search_s));
}

std::string summary_text(const LibraFigure& figure, const std::vector<LibraSummary>& summaries) {
  std::string text;
  for (const LibraSummary& summary : summaries) {
    if (!summary.network.empty()) continue;
    text += fmt::format("{}{}, {}: mean {:.4f}, geometric mean {:.4f}, {:.4f} to {:.4f} of {}.\n",
                        summary.configuration,
                        summary.optimized_for.empty() ? "" : " for " + summary.optimized_for,
                        figure.y_label, summary.mean, summary.geometric_mean, summary.min,
                        summary.max, summary.count);
  }
  return text;
}

std::vector<std::string> notes_on(const LibraFigure& figure) {
  std::vector<std::string> notes = {
      "Step times are simulated with the inputs of the artifact's evaluation: computation times "
      "0.26, 1 GB of bandwidth = 2^30 bytes/s. Every division has the artifact's links, chunks and "
      "order.",
      "Costs are those of the same division on the true building blocks (rings, cliques, switches) "
      "by the artifact's price table, links shared by their two ends; a GB/s is priced as it is "
      "counted. The artifact's own cost runs round the bandwidth of each link: they differ by up "
      "to "
      "0.05 %.",
      "'recorded' are runs of ASTRA-sim, tag tutorial-isca2022: the artifact's own branch and the "
      "paper's figures could not be had.",
      "PerfOptBW and PerfPerCostOptBW are the artifact's vectors, found once at 100 GB/s and "
      "scaled. "
      "Sextant and SextantPerCost are divided anew at each budget, with the simulator in the loop, "
      "from those vectors and the exact optima of the closed form on; never worse, and of as much "
      "bandwidth. For Group the mean slowdown against own networks counts."};
  if (figure.shows == LibraFigure::Shows::kSlowdown) {
    notes.emplace_back(
        "Slowdowns are against the artifact's PerfOptBW for the workload itself. Bars of means are "
        "geometric over the workloads that a network was not made for and one further 1, as the "
        "artifact has it: right for a network of one workload, too kind for Group, of which no "
        "workload is left out.");
  }
  return notes;
}

Reproduction reproduce_figure(const LibraFigure& figure, const ReproduceOptions& options) {
  const LibraEvaluation evaluation = evaluation_for(figure, options);
  const std::vector<LibraFigureRow> rows = libra_figure_rows(figure, evaluation.points);
  if (std::none_of(rows.begin(), rows.end(), [](const LibraFigureRow& row) {
        return row.value && row.point.network != kDgx;
      })) {
    throw_bad_input(fmt::format("{}: no row that {} shows, with what it is compared with",
                                quote(options.from), figure.name));
  }
  const std::vector<LibraSummary> summaries = summarize(figure, rows);

  Reproduction out;
  out.system = "libra";
  out.experiment = figure.name;
  out.title = figure.description;
  out.notes = notes_on(figure);
  for (const LibraFigureRow& row : rows) {
    OrderedJson json = to_json(row.point);
    if (row.value) json[figure.member] = *row.value;
    out.rows.push_back(std::move(json));
  }
  for (const LibraSummary& summary : summaries) out.summary.push_back(to_json(summary));
  out.timing = {{"load_s", evaluation.load_s},
                {"simulate_s", evaluation.simulate_s},
                {"solve_s", evaluation.search_s}};
  out.csv = libra_figure_csv(figure, rows);
  out.plot_svg = libra_figure_svg(figure, rows, summaries);
  out.text = fmt::format("LIBRA {}: {}\n", figure.name, figure.description);
  for (const std::string& note : out.notes) out.text += "- " + note + '\n';
  out.text += '\n' + libra_figure_table(rows) + '\n' + summary_text(figure, summaries);
  out.text += gain_text(evaluation.points, kSextant, kPerfOptBw, false);
  out.text += gain_text(evaluation.points, kSextantPerCost, kPerfPerCostOptBw, true);
  out.text += accuracy_text(evaluation.points);
  if (options.timing && options.from.empty()) out.text += timing_text(evaluation);
  return out;
}

}  // namespace

std::vector<ExperimentName> libra_experiments() {
  std::vector<ExperimentName> all = libra_optimizer_experiments();
  all.push_back(libra_astra_experiment());
  for (const LibraFigure& figure : libra_figures()) {
    all.push_back({"libra", figure.name, figure.description});
  }
  return all;
}

Reproduction reproduce_libra(const std::string& experiment, const ReproduceOptions& options) {
  refuse_what_others_take(experiment, options);
  for (const LibraFigure& figure : libra_figures()) {
    if (figure.name == experiment) return reproduce_figure(figure, options);
  }
  if (!options.from.empty() || !options.set.empty()) {
    throw_usage(fmt::format("libra {} is neither of a set nor shown again", experiment));
  }
  return experiment == libra_astra_experiment().experiment
             ? reproduce_libra_astra(options)
             : reproduce_libra_optimizer(experiment, options);
}

}  // namespace sextant
