#include "cli/plan_availability.h"

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/core/progress.h"
#include "analyzer/report/write_plot.h"
#include "analyzer/training/run_figures.h"
#include "cli/input_options.h"

namespace sextant::cli {

namespace {

/// Lets finite numbers of at least zero through.
CLI::Validator non_negative_number() {
  const CLI::Validator positive = positive_number();
  return {
      [positive](const std::string& text) { return text == "0" ? std::string() : positive(text); },
      "NUMBER"};
}

std::optional<double> tokens_per_iteration(const TrainingInput& input,
                                           const ElasticSchedule& schedule) {
  for (const ElasticPeriod& period : schedule.periods) {
    if (!period.plan) continue;
    const RunFigures figures = run_figures(input, *period.plan, period.prediction, 0);
    if (!figures.tokens_per_s) return std::nullopt;
    return *figures.tokens_per_s * period.prediction.iteration_s;
  }
  return std::nullopt;
}

}  // namespace

void add_availability_options(CLI::App& command, AvailabilityArguments& arguments) {
  const std::string group = "When GPUs come and go";
  CLI::Option* trace =
      command
          .add_option("--availability", arguments.trace,
                      "A plan for each period of an availability trace (CSV or JSON), whose counts "
                      "replace those of the cluster")
          ->type_name("FILE")
          ->group(group);
  const auto add = [&](const std::string& name, auto& value, const std::string& text) {
    return command.add_option(name, value, text)->needs(trace)->group(group);
  };
  add("--trace-gpu", arguments.counted,
      "What a JSON trace counts (default: the cluster's only pool)")
      ->type_name("TYPE@ZONE");
  add("--until", arguments.until_s,
      "When the trace's last row ends, counted from its first (default: it is left out)")
      ->check(positive_number())
      ->type_name("SECONDS");
  add("--policy", arguments.policy,
      "Move while the GPUs stay: where it pays (pay, the default), always (replan), never (hold)")
      ->check(CLI::IsMember({"pay", "replan", "hold"}));
  CLI::Option* stay =
      add("--expected-stay", arguments.options.expected_stay_s,
          "How long GPUs stay as they are (default: the mean of the periods that have ended)")
          ->check(positive_number())
          ->type_name("SECONDS");
  command
      .add_flag("--hindsight", arguments.options.hindsight,
                "Judge moves by each period's own duration, which nobody knows beforehand")
      ->needs(trace)
      ->excludes(stay)
      ->group(group);
  add("--restart-s", arguments.options.move.restart_s,
      "From one plan's last iteration to the next one's first, moving state aside (default: 30)")
      ->check(non_negative_number())
      ->type_name("SECONDS");
  add("--checkpoint-every", arguments.options.checkpoint_every_s,
      "Training between two checkpoints (default: 600)")
      ->check(positive_number())
      ->type_name("SECONDS");
  add("--storage-gbps", arguments.storage_gbps,
      "GB/s (1e9 bytes) that each node reads of checkpoints (default: 1)")
      ->check(positive_number())
      ->type_name("GB/S");
  add("--notice", arguments.options.move.notice_s,
      "How long before it happens the loss of GPUs is known (default: 0)")
      ->check(non_negative_number())
      ->type_name("SECONDS");
  command
      .add_flag("--through-storage", arguments.options.move.through_storage,
                "State moves through checkpoints only, in frameworks that start anew each time")
      ->needs(trace)
      ->group(group);
}

int plan_availability(const AvailabilityArguments& arguments, const AvailabilityTask& task,
                      const Session& session) {
  if (!task.plot.empty()) check_plot_name(task.plot);
  const Cluster& cluster = task.input.cluster;
  const AvailabilityTrace trace = read_availability(arguments.trace, cluster, arguments.counted);
  const std::vector<AvailabilityPeriod> periods =
      availability_periods(trace, cluster, arguments.until_s);
  constexpr double kBytesPerGb = 1e9;
  ElasticOptions options = arguments.options;
  options.policy = move_policy_from(arguments.policy);
  options.move.storage_bytes_per_s = arguments.storage_gbps * kBytesPerGb;
  options.search = task.search;

  Progress progress("planning periods", periods.size());
  const ElasticSchedule schedule = plan_periods(
      periods, task.input.problem(), task.planner, task.judge, options,
      [&](std::size_t done) { progress.update(done, periods[done - 1].cluster.summary()); });
  const AvailabilityOutput output = {schedule, options, task, trace.file,
                                     tokens_per_iteration(task.input, schedule)};
  if (!task.output.empty()) write_file_atomically(task.output, json_text(to_json(output)));
  if (!task.plot.empty()) write_plot(task.plot, plot_svg(output));
  print(session.json ? json_text(to_json(output)) : describe(output));
  return schedule.complete ? 0 : static_cast<int>(ErrorCode::kPartial);
}

}  // namespace sextant::cli
