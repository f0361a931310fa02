#include <algorithm>
#include <iterator>
#include <memory>

#include <fmt/format.h>

#include "analyzer/cluster/prices.h"
#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/core/interrupt.h"
#include "analyzer/core/table.h"
#include "cli/input_options.h"
#include "cli/plan_availability.h"
#include "cli/plan_explain.h"
#include "cli/plan_output.h"
#include "cli/plan_pareto.h"
#include "cli/plan_picture.h"
#include "cli/plan_purchase.h"
#include "planner/training/gap.h"

namespace sextant::cli {

namespace {

struct Arguments {
  TrainingInputOptions input;
  std::vector<std::string> planners;
  std::string estimator = "sailor";
  std::string objective;
  std::string tokens;
  std::string output;
  std::optional<double> max_usd_per_iter;
  std::optional<double> min_iters_per_s;
  bool explain = false;
  bool picture = false;
  PlannerOptions options;
  AvailabilityArguments availability;
  ParetoArguments pareto;
  PurchaseArguments purchase;
};

void apply(const Arguments& arguments, Job& job) {
  if (!arguments.objective.empty()) {
    job.objective = objective_from(arguments.objective);
  }
  if (arguments.max_usd_per_iter) job.max_usd_per_iter = arguments.max_usd_per_iter;
  if (arguments.min_iters_per_s) job.min_iters_per_s = arguments.min_iters_per_s;
}

/// Refuses options that contradict each other.
void check(const Arguments& arguments, double tokens) {
  if (arguments.picture && (!arguments.availability.trace.empty() || arguments.pareto.wanted ||
                            arguments.purchase.wanted())) {
    throw_usage(
        "--picture draws the plan of an objective: leave it out with --availability, --pareto, "
        "--deadline and --run-budget");
  }
  if (!arguments.availability.trace.empty()) {
    if (arguments.pareto.wanted || arguments.purchase.wanted() || arguments.explain || tokens > 0) {
      throw_usage(
          "--availability goes without --pareto, --deadline, --run-budget, --explain and --tokens");
    }
    if (arguments.planners.size() > 1 ||
        (!arguments.planners.empty() && arguments.planners[0] == "all")) {
      throw_usage("--availability takes one planner");
    }
    return;
  }
  check(arguments.pareto);
  check(arguments.purchase, tokens);
  const bool pareto = arguments.pareto.wanted;
  if (!pareto && !arguments.purchase.wanted()) return;
  if (pareto && arguments.purchase.wanted()) {
    throw_usage("--pareto lists plans, --deadline and --run-budget choose one: leave out either");
  }
  if (pareto && !arguments.output.empty()) {
    throw_usage("--pareto finds many plans, -o writes one: --json has them all");
  }
  const char* mode = pareto                                 ? "--pareto"
                     : !arguments.purchase.deadline.empty() ? "--deadline"
                                                            : "--run-budget";
  if (!arguments.objective.empty()) {
    throw_usage(fmt::format("{} says itself what counts: leave out --objective", mode));
  }
  if (arguments.explain) {
    throw_usage(
        fmt::format("--explain is about a plan for an objective: leave it out with {}, or ask "
                    "for the plan with --objective and --min-throughput or --max-cost",
                    mode));
  }
  if (arguments.planners.size() > 1 ||
      (!arguments.planners.empty() && arguments.planners[0] == "all")) {
    throw_usage(fmt::format("{} asks one planner: name one only", mode));
  }
}

std::vector<const Planner*> chosen_planners(const std::vector<std::string>& names) {
  if (names.empty()) return {&planner_named("sextant")};
  if (names.size() == 1 && names[0] == "all") return planners();
  std::vector<const Planner*> out;
  for (const std::string& name : names) out.push_back(&planner_named(name));
  return out;
}

bool better(Objective objective, const PlannedJob& a, const PlannedJob& b) {
  if (objective == Objective::kCost) {
    return a.prediction.usd_per_iter() < b.prediction.usd_per_iter();
  }
  if (objective == Objective::kGpus && gpu_count(a.plan) != gpu_count(b.plan)) {
    return gpu_count(a.plan) < gpu_count(b.plan);
  }
  return a.prediction.iteration_s < b.prediction.iteration_s;
}

/// Feasible first, then by the objective; planners keep their order where they tie.
void rank(std::vector<PlannedJob>& jobs, Objective objective) {
  std::stable_sort(jobs.begin(), jobs.end(), [&](const PlannedJob& a, const PlannedJob& b) {
    if (a.feasible != b.feasible) return a.feasible;
    if (!a.feasible) return false;
    return better(objective, a, b);
  });
}

OrderedJson row_json(const PlannedJob& job, const TrainingInput& input, double tokens,
                     bool timing) {
  OrderedJson row = {{"status", job.feasible ? "ok" : "infeasible"},
                     {"planner", job.planner->name()}};
  if (job.feasible) {
    row.update(prediction_json({input, job.plan, job.prediction, job.estimator->name(), tokens}));
    if (job.search.bound_iters_per_s) row["bound_iters_per_s"] = *job.search.bound_iters_per_s;
    if (job.search.bound_usd_per_iter) row["bound_usd_per_iter"] = *job.search.bound_usd_per_iter;
    if (job.search.bound_gpus) row["bound_gpus"] = *job.search.bound_gpus;
    if (!job.search.space.empty()) row["space"] = job.search.space;
    if (timing) row["first_plan_s"] = job.search.first_plan_s;
  } else {
    row["estimator"] = job.estimator->name();
    row["reason"] = job.reason;
  }
  row["complete"] = job.search.complete;
  row["evaluations"] = job.search.evaluations;
  if (timing) row["search_s"] = job.search_s;
  row["plans_rejected_oom"] = job.plans_rejected_oom;
  row["plans_rejected_constraint"] = job.plans_rejected_constraint;
  if (job.plans_not_judged > 0) row["plans_not_judged"] = job.plans_not_judged;
  if (job.feasible) row["plan"] = to_json(job.plan);
  return row;
}

/// How far from the best that can be: the text of the proof.
std::string bound_text(const PlannedJob& job, Objective objective) {
  const std::optional<double> left = gap(job, objective);
  if (!left) return "nothing is proved about better plans\n";
  if (proved_best(job, objective)) {
    return objective == Objective::kGpus
               ? "proved: no plan in the searched space takes fewer GPUs\n"
               : "proved: no better plan in the searched space\n";
  }
  return fmt::format("{}: a plan at most {:.1f} % better may exist\n",
                     job.search.complete ? "not proved" : "search stopped early", 100 * *left);
}

std::string comparison(const std::vector<PlannedJob>& jobs) {
  Table table({{"planner", Table::Align::kLeft},
               {"iterations/s"},
               {"USD/iteration"},
               {"GPUs"},
               {"OOM plans"},
               {"plan", Table::Align::kLeft}});
  for (const PlannedJob& job : jobs) {
    std::vector<std::string> cells = {std::string(job.planner->name()), "infeasible", "-", "-",
                                      fmt::format("{}", job.plans_rejected_oom)};
    if (job.feasible) {
      cells[1] = fmt::format("{:.5g}", job.prediction.iters_per_s());
      cells[2] = fmt::format("{:.4f}", job.prediction.usd_per_iter());
      cells[3] = fmt::format("{}", gpu_count(job.plan));
    }
    cells.push_back(job.feasible ? summary(job.plan) : job.reason);
    table.add_row(std::move(cells));
  }
  return table.text();
}

void print_text(const std::vector<PlannedJob>& jobs, const TrainingInput& input,
                const Arguments& arguments, double tokens,
                const std::optional<Explanation>& explanation) {
  const PlannedJob& best = jobs.front();
  const std::vector<Stage>& stages = best.plan.pipelines.front().stages;
  std::string text =
      fmt::format("{} on {}\nglobal batch {}, {}, judged by estimator {} (evidence: {})\n\n",
                  input.job.model, input.cluster.summary(), input.job.global_batch,
                  to_string(input.job.dtype), arguments.estimator, to_string(input.evidence));
  if (jobs.size() > 1) text += comparison(jobs) + "\n";
  text += fmt::format("plan of {}: microbatch {}, {}, {}\n", best.planner->name(),
                      best.plan.microbatch, counted(std::ssize(stages), "stage"),
                      counted(std::ssize(stages.front().replicas), "replica"));
  text += describe({input, best.plan, best.prediction, best.estimator->name(), tokens});
  text += bound_text(best, input.job.objective);
  if (arguments.picture) {
    text += plan_picture(input, best.plan, best.prediction, *best.estimator);
  }
  if (explanation) text += "\n" + explanation_text(*explanation);
  print(text);
}

int run(const Arguments& arguments, const Session& session) {
  const double tokens = arguments.tokens.empty() ? 0 : token_count(arguments.tokens);
  check(arguments, tokens);
  check_picture(arguments.picture, session);
  const std::vector<const Planner*> chosen = chosen_planners(arguments.planners);
  const Estimator& judge = estimator_named(arguments.estimator);
  TrainingInputOptions options = arguments.input;
  options.artifact = session.artifact;
  TrainingInput input = load_training_input(options);
  apply(arguments, input.job);
  print_notes(input);
  handle_interrupts();
  if (!arguments.availability.trace.empty()) {
    return plan_availability(
        arguments.availability,
        {input, *chosen.front(), judge, arguments.options, arguments.output, arguments.pareto.plot},
        session);
  }
  if (arguments.pareto.wanted) {
    return run_pareto(arguments.pareto, *chosen.front(), judge, input, arguments.options, session);
  }
  if (arguments.purchase.wanted()) {
    return run_purchase(arguments.purchase, tokens, *chosen.front(), judge, input,
                        arguments.options, arguments.output, session);
  }
  std::vector<PlannedJob> jobs;
  for (const Planner* planner : chosen) {
    jobs.push_back(plan_job(*planner, input.problem(), judge, arguments.options));
  }
  rank(jobs, input.job.objective);
  const PlannedJob& best = jobs.front();
  if (!best.feasible) throw Error(best.failure, best.reason);
  if (!arguments.output.empty()) {
    const PlanOutput written = {input, best.plan, best.prediction, best.estimator->name(), tokens};
    write_file_atomically(arguments.output,
                          json_text(plan_document(written, best.planner->name())));
  }
  std::optional<Explanation> explanation;
  if (arguments.explain) explanation = explain(best, input.problem(), arguments.options);
  if (!session.json) {
    print_text(jobs, input, arguments, tokens, explanation);
    return 0;
  }
  OrderedJson rows = OrderedJson::array();
  for (const PlannedJob& job : jobs) rows.push_back(row_json(job, input, tokens, session.timing));
  if (explanation) rows[0]["explanation"] = explanation_json(*explanation);
  print(json_text({{"schema", schema_id("plans")},
                   {"model", input.job.model},
                   {"cluster", input.cluster.summary()},
                   {"objective", to_string(input.job.objective)},
                   {"prices", prices_json(input.cluster)},
                   {"notes", input.notes},
                   {"plans", std::move(rows)}}));
  return 0;
}

}  // namespace

void add_plan_command(CLI::App& program, Session& session) {
  CLI::App* command =
      program.add_subcommand("plan", "Find the plan that trains a model best on a cluster");
  auto arguments = std::make_shared<Arguments>();
  add_common_options(*command, session);
  add_input_options(*command, arguments->input);
  add_price_options(*command, arguments->input);
  std::string names;
  for (const Planner* planner : planners()) names += fmt::format(" {}", planner->name());
  command
      ->add_option("--planner", arguments->planners,
                   fmt::format("Planners, or all (default: sextant); there are:{}", names))
      ->delimiter(',')
      ->type_name("NAME,…");
  add_estimator_option(*command, arguments->estimator);
  command->add_option("--objective", arguments->objective, "Overrides the job's")
      ->check(CLI::IsMember({"throughput", "cost", "gpus"}));
  command->add_option("--max-cost", arguments->max_usd_per_iter, "At most so many USD an iteration")
      ->check(positive_number())
      ->type_name("USD");
  command
      ->add_option("--min-throughput", arguments->min_iters_per_s,
                   "At least so many iterations a second")
      ->check(positive_number())
      ->type_name("IT/S");
  command
      ->add_option("--tokens", arguments->tokens,
                   "Also say what a run of so many tokens takes (300B, 12e9)")
      ->type_name("N");
  command
      ->add_option("--max-evaluations", arguments->options.max_evaluations,
                   "Budget of the search in evaluations of partial plans")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  command
      ->add_option("--time-limit", arguments->options.time_limit_s,
                   "Stop earlier; the result is then marked incomplete")
      ->check(positive_number())
      ->type_name("SECONDS");
  command
      ->add_option("--seed", arguments->options.seed,
                   "Of planners that choose at random (default: 0, their published seed)")
      ->type_name("N");
  add_explain_option(*command, arguments->explain);
  add_picture_option(*command, arguments->picture);
  add_pareto_options(*command, arguments->pareto);
  add_purchase_options(*command, arguments->purchase);
  command->add_option("-o,--output", arguments->output, "Write the best plan as a document")
      ->type_name("FILE");
  add_availability_options(*command, arguments->availability);
  command->callback([arguments, &session] {
    session.action = [arguments, &session] { return run(*arguments, session); };
  });
}

}  // namespace sextant::cli
