#include "cli/plan_pareto.h"

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/progress.h"
#include "analyzer/core/table.h"
#include "analyzer/report/front_chart.h"
#include "analyzer/report/write_plot.h"
#include "cli/plan_output.h"
#include "planner/training/pareto.h"

namespace sextant::cli {

namespace {

constexpr int kMostPoints = 1000;

/// "8xA100-40@hall+4xV100-16@hall".
std::string gpus_text(const Plan& plan) {
  std::string text;
  for (const GpuUse& use : gpus_used(plan)) {
    text += fmt::format("{}{}x{}@{}", text.empty() ? "" : "+", use.count, use.gpu, use.zone);
  }
  return text;
}

/// What the listed points leave open, in one sentence.
std::string missed_text(const ParetoFront& front) {
  if (front.most_missed_usd_per_iter <= 0) {
    return front.proved ? "proved: these are all"
                        : "more may exist: not every search proved its plan";
  }
  return fmt::format(
      "{}at most {:.3g} iterations/s faster at no higher cost, or {:.3g} USD/iteration "
      "cheaper at no lower speed, than one of these",
      front.proved ? "proved: a plan that is not listed is "
                   : "if each search found its best plan, one that is not listed is ",
      front.most_missed_iters_per_s, front.most_missed_usd_per_iter);
}

std::string table_text(const ParetoFront& front, const TrainingInput& input) {
  const std::optional<double> tokens = tokens_per_iteration(input.problem());
  Table table({{"iterations/s"},
               {"USD/iteration"},
               {"USD/million tokens"},
               {"GPUs"},
               {"proved", Table::Align::kLeft},
               {"where", Table::Align::kLeft}});
  for (const ParetoPoint& point : front.points) {
    const Prediction& p = point.planned.prediction;
    table.add_row({fmt::format("{:.5g}", p.iters_per_s()), fmt::format("{:.4g}", p.usd_per_iter()),
                   tokens ? fmt::format("{:.4g}", 1e6 * p.usd_per_iter() / *tokens) : "-",
                   fmt::format("{}", gpu_count(point.planned.plan)), point.proved ? "yes" : "no",
                   gpus_text(point.planned.plan)});
  }
  return table.text();
}

std::string front_text(const ParetoFront& front, const TrainingInput& input,
                       const Estimator& judge) {
  std::string text =
      fmt::format("{} on {}\nglobal batch {}, {}, judged by estimator {} (evidence: {})\n\n",
                  input.job.model, input.cluster.summary(), input.job.global_batch,
                  to_string(input.job.dtype), judge.name(), to_string(input.evidence));
  text += "plans of which none is both faster and cheaper:\n\n" + table_text(front, input);
  text += fmt::format("\n{}; {} searches\n", missed_text(front), front.searches);
  if (!front.complete) text += "stopped early: the front is coarser than was asked for\n";
  return text + prices_text(input.cluster);
}

OrderedJson front_json(const ParetoFront& front, const TrainingInput& input, const Planner& planner,
                       const Estimator& judge) {
  OrderedJson out = {{"schema", schema_id("pareto")},
                     {"model", input.job.model},
                     {"cluster", input.cluster.summary()},
                     {"planner", planner.name()},
                     {"estimator", judge.name()},
                     {"evidence", to_string(input.evidence)},
                     {"prices", prices_json(input.cluster)},
                     {"notes", input.notes},
                     {"complete", front.complete},
                     {"proved", front.proved},
                     {"most_missed_iters_per_s", front.most_missed_iters_per_s},
                     {"most_missed_usd_per_iter", front.most_missed_usd_per_iter},
                     {"searches", front.searches}};
  OrderedJson& points = out["points"] = OrderedJson::array();
  for (const ParetoPoint& point : front.points) {
    const PlannedJob& planned = point.planned;
    OrderedJson row = {{"proved", point.proved}};
    row.update(prediction_json({input, planned.plan, planned.prediction, judge.name()}));
    const SearchResult& search = planned.search;
    if (search.bound_iters_per_s) row["bound_iters_per_s"] = *search.bound_iters_per_s;
    if (search.bound_usd_per_iter) row["bound_usd_per_iter"] = *search.bound_usd_per_iter;
    row["plan"] = to_json(planned.plan);
    points.push_back(std::move(row));
  }
  return out;
}

FrontChart chart_of(const ParetoFront& front, const TrainingInput& input, const Planner& planner,
                    const Estimator& judge) {
  FrontChart chart;
  chart.title = fmt::format("{} on {}", input.job.model, input.cluster.summary());
  chart.x_label = "USD per iteration";
  chart.y_label = "iterations/s";
  chart.evidence = to_string(input.evidence);
  chart.caption = fmt::format(
      "Plans of planner {} judged by estimator {}, of which none is both "
      "faster and cheaper.",
      planner.name(), judge.name());
  if (!input.cluster.price_date.empty()) {
    chart.caption += fmt::format(" Prices of {}.", input.cluster.price_date);
  }
  bool all_certain = true;
  for (const ParetoPoint& point : front.points) {
    const Prediction& p = point.planned.prediction;
    chart.points.push_back(
        {p.usd_per_iter(), p.iters_per_s(), gpus_text(point.planned.plan), point.proved});
    all_certain = all_certain && point.proved;
  }
  if (!all_certain) chart.caption += " Hollow: not proved.";
  return chart;
}

}  // namespace

void add_pareto_options(CLI::App& command, ParetoArguments& arguments) {
  command.add_flag("--pareto", arguments.wanted,
                   "All plans of which none is both faster and cheaper, instead of one");
  command
      .add_option("--pareto-points", arguments.points,
                  fmt::format("At most so many of them (default: {})", ParetoOptions().points))
      ->check(CLI::Range(2, kMostPoints))
      ->type_name("N");
  command.add_option("--plot", arguments.plot, "Draw them as .svg or .png")->type_name("FILE");
}

void check(const ParetoArguments& arguments) {
  if (!arguments.plot.empty()) check_plot_name(arguments.plot);
  if (arguments.wanted) return;
  if (arguments.points > 0) throw_usage("--pareto-points is a part of --pareto");
  if (!arguments.plot.empty()) throw_usage("--plot draws a Pareto front: add --pareto");
}

int run_pareto(const ParetoArguments& arguments, const Planner& planner, const Estimator& judge,
               const TrainingInput& input, const PlannerOptions& options, const Session& session) {
  ParetoOptions front_options;
  if (arguments.points > 0) front_options.points = arguments.points;
  front_options.planner = options;
  Progress progress("Pareto front", 0, !session.json);
  front_options.progress = [&](std::size_t searches, std::size_t points) {
    progress.update(searches, "searches, " + counted(static_cast<long long>(points), "point"));
  };
  const ParetoFront front = pareto_front(planner, input.problem(), judge, front_options);
  if (!arguments.plot.empty()) {
    write_plot(arguments.plot, svg(chart_of(front, input, planner, judge)));
  }
  print(session.json ? json_text(front_json(front, input, planner, judge))
                     : front_text(front, input, judge));
  return 0;
}

}  // namespace sextant::cli
