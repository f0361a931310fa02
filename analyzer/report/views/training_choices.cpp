// Document kinds pareto, purchase and elastic: plans over money and time.
#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/table.h"
#include "analyzer/report/front_chart.h"
#include "analyzer/report/step_chart.h"
#include "analyzer/report/views/training_parts.h"

namespace sextant {

void add_pareto_view(const JsonDocument& document, const ReportInputs& /*inputs*/,
                     std::vector<HtmlSection>& sections) {
  const JsonNode root = document.root_of_kind("pareto", 1);
  const std::string evidence = root.at("evidence").string();
  const std::string title =
      fmt::format("{} on {}", root.at("model").string(), root.at("cluster").string());
  FrontChart chart{
      .title = title,
      .x_label = "USD per iteration",
      .y_label = "iterations/s",
      .evidence = evidence,
      .caption = fmt::format("Plans of planner {} judged by estimator {}.",
                             root.at("planner").string(), root.at("estimator").string()),
      .points = {}};
  HtmlTable table{"plans of the front",
                  {{"iterations/s", true},
                   {"USD/iteration", true},
                   {"GPUs", true},
                   {"proved"},
                   {"GPUs in use"},
                   {"plan"}},
                  {}};
  for (const JsonNode& point : root.at("points").elements()) {
    const double iters = point.at("throughput_iters_per_s").positive();
    const double usd = point.at("usd_per_iter").non_negative();
    const bool proved = point.at("proved").boolean();
    const Plan plan = plan_from_json(point.at("plan"));
    const int gpus = gpu_count(plan);
    chart.points.push_back({usd, iters, gpus_text(plan), proved});
    table.rows.push_back({number_cell(iters, fmt::format("{:.5g}", iters)),
                          number_cell(usd, fmt::format("{:.4f}", usd)),
                          number_cell(gpus, std::to_string(gpus)),
                          {proved ? "yes" : "no"},
                          {gpus_text(plan)},
                          {summary(plan)}});
  }
  if (std::any_of(chart.points.begin(), chart.points.end(),
                  [](const FrontChart::Point& point) { return !point.certain; })) {
    chart.caption += " Hollow: not proved.";
  }
  HtmlSection section("Pareto front: " + title, document.file(), evidence);
  add_notes(root, section);
  if (!root.at("complete").boolean()) {
    section.warning("A limit stopped the work before the front was as fine as asked.");
  }
  section.paragraph(fmt::format(
      "A plan that is not listed is at most {:.3g} iterations/s faster than a listed one that "
      "costs "
      "no more, and at most {:.3g} USD an iteration cheaper than a listed one that is no slower{}.",
      root.at("most_missed_iters_per_s").non_negative(),
      root.at("most_missed_usd_per_iter").non_negative(),
      root.at("proved").boolean() ? "" : ", as far as was found"));
  section.figure("pareto front", svg(chart));
  section.table(table);
  add_prices(root, section);
  sections.push_back(std::move(section));
}

void add_purchase_view(const JsonDocument& document, const ReportInputs& inputs,
                       std::vector<HtmlSection>& sections) {
  const JsonNode root = document.root_of_kind("purchase", 1);
  const JsonNode run = root.at("run");
  const JsonNode answer = root.at("answer");
  const TrainingFigures figures = read_training_figures(answer);
  const Plan plan = plan_from_json(answer.at("plan"));
  HtmlSection section(fmt::format("What to buy to train {}", root.at("model").string()),
                      document.file(), figures.evidence);
  std::vector<std::pair<std::string, std::string>> facts = {
      {"tokens", fmt::format("{:g} billion", root.at("tokens").positive() / 1e9)},
      {"the run takes", format_seconds(run.at("time_s").positive())},
      {"GPU hours", format_count(run.at("gpu_hours").positive())},
      {"the run costs", usd_text(run.at("usd").positive())},
      {"of that GPUs", usd_text(run.at("usd_parts").at("compute").non_negative())},
      {"of that egress", usd_text(run.at("usd_parts").at("egress").non_negative())}};
  const auto add_time = [&](const char* name, const char* member) {
    if (const auto value = root.find(member)) {
      facts.emplace_back(name, format_seconds(value->non_negative()));
    }
  };
  const auto add_usd = [&](const char* name, const char* member) {
    if (const auto value = root.find(member)) {
      facts.emplace_back(name, usd_text(value->non_negative()));
    }
  };
  add_time("deadline", "deadline_s");
  add_time("before the deadline", "slack_s");
  add_usd("budget", "budget_usd");
  add_usd("left of the budget", "budget_left_usd");
  facts.emplace_back("proved the best", root.at("proved").boolean() ? "yes" : "no");
  section.facts(facts);
  add_notes(root, section);
  HtmlTable table{"GPUs to buy",
                  {{"GPU"}, {"zone"}, {"GPUs", true}, {"USD an hour each", true}, {"USD", true}},
                  {}};
  for (const JsonNode& gpus : root.at("gpus").elements()) {
    const double rate = gpus.at("usd_per_gpu_hour").positive(), usd = gpus.at("usd").positive();
    const int count = gpus.at("count").count();
    table.rows.push_back({{gpus.at("gpu").string()},
                          {gpus.at("zone").string()},
                          number_cell(count, std::to_string(count)),
                          number_cell(rate, fmt::format("{:.4g}", rate)),
                          number_cell(usd, fmt::format("{:.2f}", usd))});
  }
  section.table(table);
  add_prices(root, section);
  section.heading("The plan");
  add_plan(plan, figures, simulate(plan, inputs), section);
  sections.push_back(std::move(section));
}

void add_elastic_view(const JsonDocument& document, const ReportInputs& /*inputs*/,
                      std::vector<HtmlSection>& sections) {
  const JsonNode root = document.root_of_kind("elastic", 1);
  const JsonNode totals = root.at("totals");
  const std::string model = root.at("model").string(), trace = root.at("trace").string();
  HtmlSection section(fmt::format("{} on GPUs that come and go", model), document.file(),
                      root.at("evidence").string());
  if (!root.at("complete").boolean()) section.warning("A signal came: later periods are left out.");
  const double goodput = totals.at("goodput").number();
  section.facts({{"goodput", fmt::format("{:.1f} %", 100 * goodput)},
                 {"iterations", format_count(totals.at("iterations").number())},
                 {"lost iterations", format_count(totals.at("lost_iterations").non_negative())},
                 {"training", format_seconds(totals.at("training_s").non_negative())},
                 {"moving", format_seconds(totals.at("moving_s").non_negative())},
                 {"stalled", format_seconds(totals.at("stalled_s").non_negative())},
                 {"moves", std::to_string(totals.at("moves").integer(0, 1 << 30))},
                 {"cost", usd_text(totals.at("usd").non_negative())},
                 {"policy", root.at("policy").string()},
                 {"trace", trace}});
  add_notes(root, section);
  StepChart chart{.title = fmt::format("{} on {}", model, trace),
                  .evidence = root.at("evidence").string(),
                  .caption = fmt::format("Goodput {:.1f} %.", 100 * goodput),
                  .end_s = 0,
                  .panels = {}};
  StepChart::Series used{"in use", {}, true}, best{"best plan of the period", {}, false},
      done{"training", {}, true};
  HtmlTable table{"periods",
                  {{"from, h", true},
                   {"lasts, h", true},
                   {"GPUs there"},
                   {"action"},
                   {"GPUs in use", true},
                   {"iterations/s", true},
                   {"moving, s", true},
                   {"lost iterations", true},
                   {"why"},
                   {"plan"}},
                  {}};
  for (const JsonNode& period : root.at("periods").elements()) {
    const double from_s = period.at("from_s").non_negative();
    const double lasts_s = period.at("duration_s").positive();
    const auto number = [&](const char* member) {
      const auto found = period.find(member);
      return found ? found->non_negative() : 0;
    };
    const double gpus = number("gpus_used"), iters = number("throughput_iters_per_s");
    const double move_s = number("move_s"), lost = number("lost_iterations");
    used.steps.push_back({from_s, gpus});
    best.steps.push_back({from_s, number("best_iters_per_s")});
    if (iters == 0 || move_s > 0) done.steps.push_back({from_s, 0});
    if (iters > 0 && move_s < lasts_s) done.steps.push_back({from_s + move_s, iters});
    chart.end_s = from_s + lasts_s;
    const auto line = period.find("summary");
    table.rows.push_back({number_cell(from_s / 3600, fmt::format("{:.2f}", from_s / 3600)),
                          number_cell(lasts_s / 3600, fmt::format("{:.2f}", lasts_s / 3600)),
                          {period.at("cluster").string()},
                          {period.at("action").string()},
                          number_cell(gpus, fmt::format("{:.0f}", gpus)),
                          number_cell(iters, fmt::format("{:.4g}", iters)),
                          number_cell(move_s, fmt::format("{:.1f}", move_s)),
                          number_cell(lost, fmt::format("{:.4g}", lost)),
                          {period.at("why").string()},
                          {line ? line->string() : ""}});
  }
  if (chart.end_s > 0) {
    chart.panels = {{"GPUs", {std::move(used)}},
                    {"iterations/s", {std::move(done), std::move(best)}}};
    section.figure("availability", svg(chart));
  }
  section.table(table);
  sections.push_back(std::move(section));
}

}  // namespace sextant
