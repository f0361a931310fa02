#include "cli/plan_purchase.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/core/table.h"
#include "cli/duration.h"
#include "cli/input_options.h"
#include "cli/plan_output.h"
#include "planner/training/gap.h"
#include "planner/training/purchase.h"

namespace sextant::cli {

namespace {

constexpr double kSecondsPerHour = 3600;

PurchaseQuestion question_of(const PurchaseArguments& arguments, double tokens) {
  PurchaseQuestion question;
  question.tokens = tokens;
  if (!arguments.deadline.empty()) {
    question.deadline_s = duration_s(arguments.deadline, "--deadline");
  }
  question.budget_usd = arguments.budget_usd;
  if (arguments.fewest == "gpus") question.fewest = Objective::kGpus;
  return question;
}

/// What the proof is of, for people.
std::string proof_text(const Purchase& purchase) {
  const std::string_view better = purchase.objective == Objective::kThroughput ? "faster"
                                  : purchase.objective == Objective::kGpus     ? "of fewer GPUs"
                                                                               : "cheaper";
  if (purchase.proved) return fmt::format("proved: no plan in the searched space is {}\n", better);
  const std::optional<double> left = gap(purchase.planned, purchase.objective);
  if (!left) return fmt::format("nothing is proved about plans that are {}\n", better);
  return fmt::format("not proved: one that is {}, by at most {:.1f} %, may exist\n", better,
                     100 * *left);
}

std::string question_text(const PurchaseQuestion& question, const Purchase& purchase) {
  std::string text = fmt::format("{:g} billion tokens", question.tokens / 1e9);
  if (question.deadline_s) text += " in " + format_seconds(*question.deadline_s);
  if (question.budget_usd) text += fmt::format(" for {:.2f} USD", *question.budget_usd);
  text += fmt::format(": {:.0f} iterations", purchase.iterations);
  if (purchase.least_iters_per_s) {
    text += fmt::format(", at least {:.4g} a second", *purchase.least_iters_per_s);
  }
  if (purchase.most_usd_per_iter) {
    text += fmt::format(", at most {:.4g} USD each", *purchase.most_usd_per_iter);
  }
  return text + "\n\n";
}

std::string purchase_text(const Purchase& purchase, const PurchaseQuestion& question,
                          const TrainingInput& input, const Estimator& judge) {
  std::string text = fmt::format("{} on {}\n", input.job.model, input.cluster.summary());
  text += fmt::format("judged by estimator {} (evidence: {})\n", judge.name(),
                      to_string(input.evidence));
  text += question_text(question, purchase);
  const double hours = purchase.run_s / kSecondsPerHour;
  Table table({{"buy", Table::Align::kLeft},
               {"zone", Table::Align::kLeft},
               {"GPUs"},
               {"hours"},
               {"USD/GPU hour"},
               {"USD"}});
  for (const PurchasedGpus& gpus : purchase.gpus) {
    table.add_row({gpus.gpu, gpus.zone, fmt::format("{}", gpus.count), fmt::format("{:.2f}", hours),
                   fmt::format("{:.4f}", gpus.usd_per_hour), fmt::format("{:.2f}", gpus.usd)});
  }
  table.add_row({"egress", "", "", "", "", fmt::format("{:.2f}", purchase.egress_usd)});
  table.add_row({"in all", "", fmt::format("{}", gpu_count(purchase.planned.plan)),
                 fmt::format("{:.2f}", hours), "", fmt::format("{:.2f}", purchase.usd())});
  text += table.text() + "\n";
  text += fmt::format("the run takes {}", format_seconds(purchase.run_s));
  if (question.deadline_s) {
    text += fmt::format(", {} before the deadline",
                        format_seconds(std::max(0.0, *question.deadline_s - purchase.run_s)));
  }
  if (question.budget_usd) {
    text += fmt::format(", and leaves {:.2f} USD of the budget",
                        std::max(0.0, *question.budget_usd - purchase.usd()));
  }
  text += "\n" + proof_text(purchase) + "\n";
  const PlannedJob& planned = purchase.planned;
  text +=
      fmt::format("plan of {}: microbatch {}\n", planned.planner->name(), planned.plan.microbatch);
  return text + describe({input, planned.plan, planned.prediction, judge.name()});
}

OrderedJson answer_json(const Purchase& purchase, const TrainingInput& input,
                        const Estimator& judge) {
  const PlannedJob& planned = purchase.planned;
  const SearchResult& search = planned.search;
  OrderedJson out = {{"planner", planned.planner->name()}};
  out.update(prediction_json({input, planned.plan, planned.prediction, judge.name()}));
  if (search.bound_iters_per_s) out["bound_iters_per_s"] = *search.bound_iters_per_s;
  if (search.bound_usd_per_iter) out["bound_usd_per_iter"] = *search.bound_usd_per_iter;
  if (search.bound_gpus) out["bound_gpus"] = *search.bound_gpus;
  out["complete"] = search.complete;
  out["plan"] = to_json(planned.plan);
  return out;
}

OrderedJson purchase_json(const Purchase& purchase, const PurchaseQuestion& question,
                          const TrainingInput& input, const Estimator& judge) {
  OrderedJson out = {
      {"schema", schema_id("purchase")},    {"model", input.job.model},
      {"cluster", input.cluster.summary()}, {"tokens", question.tokens},
      {"iterations", purchase.iterations},  {"objective", to_string(purchase.objective)}};
  if (question.deadline_s) {
    out["deadline_s"] = *question.deadline_s;
    out["least_iters_per_s"] = *purchase.least_iters_per_s;
    out["slack_s"] = std::max(0.0, *question.deadline_s - purchase.run_s);
  }
  if (question.budget_usd) {
    out["budget_usd"] = *question.budget_usd;
    out["most_usd_per_iter"] = *purchase.most_usd_per_iter;
    out["budget_left_usd"] = std::max(0.0, *question.budget_usd - purchase.usd());
  }
  OrderedJson& gpus = out["gpus"] = OrderedJson::array();
  for (const PurchasedGpus& one : purchase.gpus) {
    gpus.push_back({{"gpu", one.gpu},
                    {"zone", one.zone},
                    {"count", one.count},
                    {"usd_per_gpu_hour", one.usd_per_hour},
                    {"usd", one.usd}});
  }
  out["run"] = {
      {"time_s", purchase.run_s},
      {"gpu_hours", purchase.gpu_hours},
      {"usd", purchase.usd()},
      {"usd_parts", {{"compute", purchase.compute_usd}, {"egress", purchase.egress_usd}}}};
  out["proved"] = purchase.proved;
  out["prices"] = prices_json(input.cluster);
  out["notes"] = input.notes;
  out["answer"] = answer_json(purchase, input, judge);
  return out;
}

}  // namespace

void add_purchase_options(CLI::App& command, PurchaseArguments& arguments) {
  command
      .add_option("--deadline", arguments.deadline,
                  "The cheapest GPUs that do --tokens in this time (12h, 3d, 1d12h)")
      ->type_name("TIME");
  command
      .add_option("--fewest", arguments.fewest,
                  "What a run with a deadline takes least of (default: usd)")
      ->check(CLI::IsMember({"usd", "gpus"}));
  command
      .add_option("--run-budget", arguments.budget_usd,
                  "The fastest GPUs that do --tokens for this money; with a deadline, at most so "
                  "much")
      ->check(positive_number())
      ->type_name("USD");
}

void check(const PurchaseArguments& arguments, double tokens) {
  if (!arguments.fewest.empty() && arguments.deadline.empty()) {
    throw_usage("--fewest is about a run with a deadline: add --deadline");
  }
  if (!arguments.wanted()) return;
  if (tokens <= 0) {
    throw_usage(fmt::format("{} is of a run of so many tokens: add --tokens",
                            arguments.deadline.empty() ? "--run-budget" : "--deadline"));
  }
  question_of(arguments, tokens);
}

int run_purchase(const PurchaseArguments& arguments, double tokens, const Planner& planner,
                 const Estimator& judge, const TrainingInput& input, const PlannerOptions& options,
                 const std::string& output, const Session& session) {
  const PurchaseQuestion question = question_of(arguments, tokens);
  const Purchase answer = purchase(planner, input.problem(), judge, options, question);
  const PlannedJob& planned = answer.planned;
  if (!output.empty()) {
    const PlanOutput written = {input, planned.plan, planned.prediction, judge.name(), tokens};
    write_file_atomically(output, json_text(plan_document(written, planner.name())));
  }
  print(session.json ? json_text(purchase_json(answer, question, input, judge))
                     : purchase_text(answer, question, input, judge));
  return 0;
}

}  // namespace sextant::cli
