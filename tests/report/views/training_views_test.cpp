// What documents of training show: plan, plans, prediction, job, timeline, pareto, purchase,
// elastic, calibration.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/report/chrome_trace.h"
#include "analyzer/report/views/report_views.h"
#include "tests/report/two_stages.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kHostile = "</script><img src=x onerror=alert(1)>\"'&";

/// A plan of two stages, 12 and 14 layers, whose every name is `name`.
OrderedJson plan(const std::string& name) {
  const auto stage = [&](int first, int end) {
    return OrderedJson{
        {"layers", {{first, end}}},
        {"replicas",
         {{{"tp", 2},
           {"machines", {{{"gpu", name}, {"zone", name}, {"node", 0}, {"count", 2}}}}}}}};
  };
  return {{"schema", "sextant/plan/1.0"},
          {"model", name},
          {"layer_count", 26},
          {"global_batch", 4},
          {"microbatch", 1},
          {"pipelines", {{{"stages", {stage(0, 12), stage(12, 26)}}}}}};
}

/// 2 s an iteration, 1.5 of them compute; 3 GiB of 16 on each stage, of two terms.
OrderedJson figures(const std::string& name) {
  const OrderedJson stage = {
      {"compute_s", 0.1},
      {"transfer_s", 0.01},
      {"sync_s", 0.2},
      {"update_s", 0.1},
      {"peak_memory_bytes", 3.0 * (1 << 30)},
      {"memory_bound_bytes", 4.0 * (1 << 30)},
      {"memory_capacity_bytes", 16.0 * (1 << 30)},
      {"memory_terms",
       {{{"name", name}, {"bytes", 2.0 * (1 << 30)}, {"source", name}},
        {{"name", "activations"}, {"bytes", 1.0 * (1 << 30)}, {"source", "measured"}}}}};
  return {{"estimator", name},
          {"evidence", "estimated"},
          {"throughput_iters_per_s", 0.5},
          {"usd_per_iter", 0.25},
          {"peak_memory_bytes", 3.0 * (1 << 30)},
          {"memory_bound_bytes", 4.0 * (1 << 30)},
          {"fits", true},
          {"iteration_s", 2.0},
          {"parts_s", {{"steady", 1.5}, {"fill", 0.2}, {"update", 0.1}, {"sync", 0.2}}},
          {"breakdown_s",
           {{"compute", 1.5},
            {"bubble", 0.2},
            {"exposed_transfer", 0},
            {"exposed_sync", 0.2},
            {"update", 0.1},
            {"overhead", 0}}},
          {"binds", name},
          {"microbatches", 4},
          {"slowest_stage", 1},
          {"usd_parts", {{"compute", 0.2}, {"egress", 0.05}}},
          {"stages", {stage, stage}},
          {"gpus_used", {{name + "@" + name, 4}}}};
}

OrderedJson plan_with_prediction(const std::string& name) {
  OrderedJson made = plan(name);
  made["prediction"] = figures(name);
  made["prediction"]["planner"] = name;
  return made;
}

OrderedJson plans(const std::string& name) {
  OrderedJson row = {{"status", "ok"},
                     {"planner", name},
                     {"bound_iters_per_s", 0.55},
                     {"space", name},
                     {"complete", true},
                     {"evaluations", 10},
                     {"plans_rejected_oom", 3},
                     {"plans_rejected_constraint", 0},
                     {"plan", plan(name)}};
  row.update(figures(name));
  const OrderedJson figures_of_change = {
      {"throughput_iters_per_s", 0.6}, {"usd_per_iter", 0.2}, {"gpus", 4}};
  const OrderedJson change = {
      {"what", name}, {"same_plan", true}, {"gain", 0.2}, {"figures", figures_of_change}};
  row["explanation"] = {{"binds", {{{"kind", "time"}, {"text", name}, {"share", 0.5}}}},
                        {"most", name},
                        {"changes", {change}},
                        {"rivals",
                         {{{"what", name},
                           {"gain", -0.1},
                           {"figures", figures_of_change},
                           {"parts", {{{"part", name}, {"more", 0.1}, {"unit", "s"}}}}}}},
                        {"one_more_node", {change}},
                        {"planned_again", 1},
                        {"left_out", 0},
                        {"evaluations", 5}};
  return {{"schema", "sextant/plans/1.0"},
          {"model", name},
          {"cluster", name},
          {"objective", "throughput"},
          {"prices", {{"date", name}, {"source", name}}},
          {"notes", {name}},
          {"plans",
           {row,
            {{"status", "infeasible"},
             {"planner", "varuna"},
             {"estimator", name},
             {"reason", name},
             {"complete", true},
             {"evaluations", 0},
             {"plans_rejected_oom", 3},
             {"plans_rejected_constraint", 0}}}}};
}

OrderedJson pareto(const std::string& name) {
  OrderedJson point = figures(name);
  point["proved"] = false;
  point["plan"] = plan(name);
  return {{"schema", "sextant/pareto/1.0"},
          {"model", name},
          {"cluster", name},
          {"planner", name},
          {"estimator", name},
          {"evidence", "estimated"},
          {"prices", {{"date", name}, {"source", name}}},
          {"notes", {name}},
          {"complete", false},
          {"proved", false},
          {"most_missed_iters_per_s", 0.01},
          {"most_missed_usd_per_iter", 0.02},
          {"searches", 2},
          {"points", {point}}};
}

OrderedJson purchase(const std::string& name) {
  OrderedJson answer = figures(name);
  answer["planner"] = name;
  answer["complete"] = true;
  answer["plan"] = plan(name);
  return {{"schema", "sextant/purchase/1.0"},
          {"model", name},
          {"cluster", name},
          {"tokens", 3e11},
          {"iterations", 100},
          {"objective", "cost"},
          {"deadline_s", 86400},
          {"slack_s", 3600},
          {"gpus",
           {{{"gpu", name}, {"zone", name}, {"count", 4}, {"usd_per_gpu_hour", 2}, {"usd", 184}}}},
          {"run",
           {{"time_s", 82800},
            {"gpu_hours", 92},
            {"usd", 190},
            {"usd_parts", {{"compute", 184}, {"egress", 6}}}}},
          {"proved", true},
          {"prices", {{"date", name}, {"source", name}}},
          {"notes", {name}},
          {"answer", answer}};
}

OrderedJson elastic(const std::string& name) {
  return {{"schema", "sextant/elastic/1.0"},
          {"model", name},
          {"trace", name},
          {"objective", "throughput"},
          {"planner", name},
          {"estimator", name},
          {"evidence", "estimated"},
          {"notes", {name}},
          {"policy", "pay"},
          {"hindsight", false},
          {"complete", true},
          {"totals",
           {{"duration_s", 7200},
            {"training_s", 3500},
            {"moving_s", 100},
            {"stalled_s", 3600},
            {"iterations", 1750},
            {"lost_iterations", 0},
            {"ideal_iterations", 1800},
            {"goodput", 0.9722},
            {"moves", 0},
            {"returns_to_checkpoint", 0},
            {"usd", 437.5}}},
          {"periods",
           {{{"from_s", 0},
             {"duration_s", 3600},
             {"cluster", name},
             {"action", "start"},
             {"why", name},
             {"lost_iterations", 0},
             {"best_iters_per_s", 0.5},
             {"throughput_iters_per_s", 0.5},
             {"gpus_used", 4},
             {"summary", name},
             {"move_s", 100}},
            {{"from_s", 3600},
             {"duration_s", 3600},
             {"cluster", ""},
             {"action", "stall"},
             {"why", name},
             {"lost_iterations", 0}}}}};
}

OrderedJson calibration(const std::string& name) {
  const OrderedJson errors = {{"runs", 3}, {"before", 0.2}, {"after", 0.05}};
  return {{"schema", "sextant/calibration/1.0"},
          {"name", name},
          {"source", name},
          {"evidence", "measured-gpu"},
          {"parameters", {{"process_bytes", 2e9}}},
          {"fit",
           {{"parameters",
             {{{"name", name},
               {"before", 1.5e9},
               {"after", 2e9},
               {"adopted", true},
               {"runs", 3},
               {"note", name}}}},
            {"left_out_error", {{"time", errors}, {"memory", errors}}},
            {"runs",
             {{{"name", name},
               {"measured_s", 1.0},
               {"before_s", 1.2},
               {"after_s", 1.05},
               {"suspicion", name}}}}}}};
}

OrderedJson prediction(const std::string& name) {
  OrderedJson made = {{"schema", "sextant/prediction/1.0"}, {"status", "ok"}};
  made.update(figures(name));
  made["against"] = {{"plan", name}, {"iteration_s", 2.5}, {"fits", true}, {"verdict", "FASTER"}};
  return made;
}

OrderedJson job(const std::string& name) {
  return {{"schema", "sextant/job/1.0"}, {"name", name}, {"model", name}, {"global_batch", 4}};
}

std::string page(const std::string& text) {
  ReportInputs inputs;
  inputs.documents.emplace_back(new JsonDocument(JsonDocument::parse(text, kHostile)));
  return html_page("page", report_sections(inputs));
}
std::string page(const OrderedJson& document) {
  return page(document.dump());
}

TEST(TrainingViews, KeepNamesText) {
  for (const auto make :
       {plan_with_prediction, plans, pareto, purchase, elastic, calibration, prediction, job}) {
    const OrderedJson document = make(kHostile);
    SCOPED_TRACE(document["schema"].get<std::string>());
    const std::string text = page(document);
    EXPECT_THAT(text, Not(HasSubstr("<img")));
    EXPECT_THAT(text, HasSubstr("&lt;img src=x onerror=alert(1)&gt;"));
    EXPECT_EQ(page(document), text);
  }
  const std::string trace =
      page(chrome_trace(testing::two_stages(), {{"model", kHostile}, {"evidence", kHostile}}));
  EXPECT_THAT(trace, Not(HasSubstr("<img")));
  EXPECT_THAT(trace, HasSubstr("\\u003c/script>\\u003cimg"));
}

TEST(TrainingViews, ShowAPlanAsItWasPredicted) {
  const std::string text = page(plan_with_prediction("m"));
  EXPECT_THAT(text, HasSubstr("<h2>Plan for m</h2>"));
  EXPECT_THAT(text, HasSubstr("data-name=\"pipeline\""));
  EXPECT_THAT(text, HasSubstr("data-name=\"memory by stage\""));
  EXPECT_THAT(text, HasSubstr("data-name=\"cost of an iteration\""));
  EXPECT_THAT(text, HasSubstr("The timeline needs the cluster and the job"));
  EXPECT_THAT(text, Not(HasSubstr("data-kind=\"timeline\"")));
  // 1.5 of 2 s; 2 and 1 of 16 GiB.
  EXPECT_THAT(text, HasSubstr("<td>compute</td><td class=\"number\" data-value=\"1.5\">1.5</td>"
                              "<td class=\"number\" data-value=\"75\">75.0</td>"));
  EXPECT_THAT(text, HasSubstr("3.00 GiB (at most 4.00 GiB) of 16.0 GiB"));
}

TEST(TrainingViews, ShowAPlanThatNobodyPredicted) {
  const std::string text = page(plan("m"));
  EXPECT_THAT(text, HasSubstr("data-name=\"pipeline\""));
  EXPECT_THAT(text, Not(HasSubstr("Where the time goes")));
}

TEST(TrainingViews, SayThatAPlanDoesNotFit) {
  OrderedJson document = plan_with_prediction("m");
  document["prediction"]["fits"] = false;
  EXPECT_THAT(page(document), HasSubstr("<p class=\"warning\">The plan does not fit in memory"));
}

TEST(TrainingViews, ShowPlannersWithThoseThatFoundNothing) {
  const std::string text = page(plans("m"));
  EXPECT_THAT(text, HasSubstr("<td>varuna</td>"));
  EXPECT_THAT(text, HasSubstr("<td>infeasible: m</td>"));
  EXPECT_THAT(text, HasSubstr("<td>at most 10 % better</td>"));
  EXPECT_THAT(text, HasSubstr("<h2>The best plan, by planner m</h2>"));
  EXPECT_THAT(text, HasSubstr("Why this plan"));

  OrderedJson none = plans("m");
  none["plans"].erase(0);
  EXPECT_THAT(page(none), HasSubstr("No planner found a plan."));
}

TEST(TrainingViews, ShowATimeline) {
  const std::string text = page(chrome_trace(testing::two_stages(), {{"evidence", "replayed"}}));
  EXPECT_THAT(text, HasSubstr("data-kind=\"timeline\""));
  EXPECT_THAT(text, HasSubstr("class=\"evidence replayed\""));
}

TEST(TrainingViews, NameThePlaceOfWhatContradictsItself) {
  const auto expect_refused = [](const OrderedJson& document, const std::string& message) {
    try {
      page(document);
      FAIL() << message;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
  };
  OrderedJson document = plan_with_prediction("m");
  document["prediction"]["stages"].erase(1);
  document["prediction"]["slowest_stage"] = 0;
  expect_refused(document, "the prediction is of 1 stages, the plan has 2");
  document = plan_with_prediction("m");
  document["prediction"]["slowest_stage"] = 2;
  expect_refused(document, "/prediction/slowest_stage");
  document = plan_with_prediction("m");
  document["prediction"]["evidence"] = "guessed";
  expect_refused(document, "/prediction/evidence");
  document = plan("m");
  document["schema"] = "sextant/plan/2.0";
  expect_refused(document, "2.0");
}

}  // namespace
}  // namespace sextant
