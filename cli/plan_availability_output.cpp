#include <algorithm>
#include <cmath>
#include <filesystem>

#include <fmt/format.h>

#include "analyzer/core/table.h"
#include "analyzer/report/step_chart.h"
#include "cli/plan_availability.h"
#include "cli/plan_output.h"

namespace sextant::cli {

namespace {

std::string iters_text(double iters_per_s) {
  return fmt::format("{:.4g}", iters_per_s);
}

/// "policy pay, over the mean of the periods before; restart 30 s; …".
std::string assumptions(const ElasticOptions& options) {
  const bool judged = options.policy == MovePolicy::kPay;
  std::string policy = fmt::format("policy {}", to_string(options.policy));
  if (judged && options.hindsight) {
    policy += ", in hindsight";
  } else if (judged && options.expected_stay_s) {
    policy += fmt::format(" within {}", format_seconds(*options.expected_stay_s));
  } else if (judged) {
    policy += " within the mean of the periods before";
  }
  return fmt::format(
      "{}; assumed: restart {}, checkpoint every {}, storage {} a node, {}{}", policy,
      format_seconds(options.move.restart_s), format_seconds(options.checkpoint_every_s),
      format_bandwidth(options.move.storage_bytes_per_s),
      options.move.notice_s > 0 ? fmt::format("notice {}", format_seconds(options.move.notice_s))
                                : "no notice",
      options.move.through_storage ? ", state through storage only" : "");
}

std::string moved_text(const Move& move) {
  if (!move.changes) return "-";
  if (move.from_checkpoint) return format_bytes(move.storage_bytes) + " read";
  const double bytes = move.network_bytes + move.inside_bytes;
  return bytes > 0 ? format_bytes(bytes) : "nothing";
}

std::string totals_text(const AvailabilityOutput& output) {
  const ElasticTotals& totals = output.schedule.totals;
  const auto share = [&](double seconds) {
    return fmt::format("{:.1f} %", 100 * seconds / totals.duration_s);
  };
  std::string text = fmt::format(
      "{} iterations in {}: goodput {:.1f} % of what each period's best plan would do if moves "
      "took no time\n",
      format_count(totals.iterations), format_seconds(totals.duration_s), 100 * totals.goodput());
  text += fmt::format("time: training {}, moving {}, without a plan {}\n", share(totals.training_s),
                      share(totals.moving_s), share(totals.stalled_s));
  text += fmt::format(
      "{}, {} to the checkpoint, {} iterations lost\n", counted(totals.moves, "move"),
      counted(totals.returns_to_checkpoint, "return"), format_count(totals.lost_iterations));
  if (output.tokens) {
    text += fmt::format("{} tokens, ", format_count(totals.iterations * *output.tokens));
  }
  text += fmt::format("{:.2f} USD", totals.usd);
  if (totals.iterations > 0) {
    text += fmt::format(", {:.4f} an iteration", totals.usd / totals.iterations);
  }
  return text + "\n";
}

OrderedJson move_json(const Move& move) {
  return {{"from_checkpoint", move.from_checkpoint},
          {"gpus_lost", move.gpus_lost},
          {"gpus_receiving", move.gpus_receiving},
          {"layers_received", move.layers_received},
          {"network_bytes", bytes_json(std::round(move.network_bytes))},
          {"inside_bytes", bytes_json(std::round(move.inside_bytes))},
          {"storage_bytes", bytes_json(std::round(move.storage_bytes))},
          {"transfer_s", move.transfer_s},
          {"restore_s", move.restore_s},
          {"restart_s", move.restart_s},
          {"egress_usd", move.egress_usd}};
}

OrderedJson period_json(const ElasticPeriod& period, bool new_plan) {
  OrderedJson out = {{"from_s", period.from_s}, {"duration_s", period.duration_s},
                     {"cluster", period.gpus},  {"action", to_string(period.action)},
                     {"why", period.why},       {"lost_iterations", period.lost_iterations}};
  if (!period.plan) return out;
  if (period.expected_stay_s) out["expected_stay_s"] = *period.expected_stay_s;
  out["best_iters_per_s"] = *period.best_iters_per_s;
  out["throughput_iters_per_s"] = period.prediction.iters_per_s();
  out["usd_per_iter"] = period.prediction.usd_per_iter();
  out["gpus_used"] = gpu_count(*period.plan);
  out["summary"] = summary(*period.plan);
  out["move_s"] = period.move_s;
  out["training_s"] = period.training_s;
  out["iterations"] = period.iterations;
  out["usd"] = period.usd;
  if (period.move.changes) out["move"] = move_json(period.move);
  if (new_plan) out["plan"] = to_json(*period.plan);
  return out;
}

OrderedJson totals_json(const AvailabilityOutput& output) {
  const ElasticTotals& totals = output.schedule.totals;
  OrderedJson out = {{"duration_s", totals.duration_s},
                     {"training_s", totals.training_s},
                     {"moving_s", totals.moving_s},
                     {"stalled_s", totals.stalled_s},
                     {"iterations", totals.iterations},
                     {"lost_iterations", totals.lost_iterations},
                     {"ideal_iterations", totals.ideal_iterations},
                     {"goodput", totals.goodput()},
                     {"moves", totals.moves},
                     {"returns_to_checkpoint", totals.returns_to_checkpoint},
                     {"usd", totals.usd}};
  if (output.tokens) out["tokens"] = totals.iterations * *output.tokens;
  return out;
}

}  // namespace

std::string describe(const AvailabilityOutput& output) {
  const ElasticSchedule& schedule = output.schedule;
  const TrainingInput& input = output.task.input;
  std::string text = fmt::format(
      "{}, global batch {}, {}: {} of {}\nplanner {}, judged by estimator {} "
      "(evidence: {}; of moves: estimated)\n{}\n\n",
      input.job.model, input.job.global_batch, to_string(input.job.dtype),
      counted(std::ssize(schedule.periods), "period"), output.trace, output.task.planner.name(),
      output.task.judge.name(), to_string(input.evidence), assumptions(output.options));
  Table table({{"from"},
               {"for"},
               {"GPUs"},
               {"used"},
               {"plan"},
               {"iterations/s"},
               {"moved"},
               {"without training"},
               {"why", Table::Align::kLeft}});
  std::vector<std::string> plans;  // in the order in which they first run
  for (const ElasticPeriod& period : schedule.periods) {
    std::vector<std::string> row = {format_seconds(period.from_s),
                                    format_seconds(period.duration_s),
                                    fmt::format("{}", period.gpu_count)};
    if (period.plan) {
      const std::string plan = summary(*period.plan);
      auto found = std::find(plans.begin(), plans.end(), plan);
      if (found == plans.end()) found = plans.insert(found, plan);
      row.insert(row.end(), {fmt::format("{}", gpu_count(*period.plan)),
                             fmt::format("{}", found - plans.begin() + 1),
                             iters_text(period.prediction.iters_per_s()), moved_text(period.move),
                             period.move_s > 0 ? format_seconds(period.move_s) : "-"});
    } else {
      row.insert(row.end(), {"-", "-", "-", "-", format_seconds(period.duration_s)});
    }
    row.push_back(period.why);
    table.add_row(std::move(row));
  }
  text += table.text() + "\n";
  for (std::size_t p = 0; p < plans.size(); ++p) {
    text += fmt::format("plan {}: {}\n", p + 1, plans[p]);
  }
  text += "\n" + totals_text(output);
  if (!schedule.complete) text += "stopped early: later periods are left out\n";
  return text;
}

OrderedJson to_json(const AvailabilityOutput& output) {
  const ElasticOptions& options = output.options;
  const TrainingInput& input = output.task.input;
  OrderedJson out = {{"schema", schema_id("elastic")},
                     {"model", input.job.model},
                     {"trace", output.trace},
                     {"objective", to_string(input.job.objective)},
                     {"planner", output.task.planner.name()},
                     {"estimator", output.task.judge.name()},
                     {"evidence", to_string(input.evidence)},
                     {"notes", input.notes},
                     {"policy", to_string(options.policy)},
                     {"hindsight", options.hindsight}};
  out["assumed"] = {{"restart_s", options.move.restart_s},
                    {"checkpoint_every_s", options.checkpoint_every_s},
                    {"storage_bytes_per_s", options.move.storage_bytes_per_s},
                    {"notice_s", options.move.notice_s},
                    {"through_storage", options.move.through_storage}};
  out["complete"] = output.schedule.complete;
  out["totals"] = totals_json(output);
  OrderedJson& periods = out["periods"] = OrderedJson::array();
  const Plan* last = nullptr;
  for (const ElasticPeriod& period : output.schedule.periods) {
    periods.push_back(period_json(period, period.plan && period.plan.get() != last));
    last = period.plan.get();
  }
  return out;
}

std::string plot_svg(const AvailabilityOutput& output) {
  StepChart chart;
  chart.title = fmt::format("{} on {}", output.task.input.job.model,
                            std::filesystem::path(output.trace).filename().string());
  chart.evidence = to_string(output.task.input.evidence);
  const ElasticTotals& totals = output.schedule.totals;
  chart.caption =
      fmt::format("Goodput {:.1f} %; {}.", 100 * totals.goodput(), assumptions(output.options));
  chart.end_s = output.schedule.periods.back().from_s + output.schedule.periods.back().duration_s;
  StepChart::Series there{"available", {}, false};
  StepChart::Series used{"in use", {}, true};
  StepChart::Series best{"best plan of the period", {}, false};
  StepChart::Series done{"training", {}, true};
  for (const ElasticPeriod& period : output.schedule.periods) {
    there.steps.push_back({period.from_s, static_cast<double>(period.gpu_count)});
    used.steps.push_back(
        {period.from_s, period.plan ? static_cast<double>(gpu_count(*period.plan)) : 0});
    best.steps.push_back({period.from_s, period.best_iters_per_s.value_or(0)});
    if (!period.plan || period.move_s > 0) done.steps.push_back({period.from_s, 0});
    if (period.training_s > 0) {
      done.steps.push_back({period.from_s + period.move_s, period.prediction.iters_per_s()});
    }
  }
  chart.panels = {{"GPUs", {std::move(used), std::move(there)}},
                  {"iterations/s", {std::move(done), std::move(best)}}};
  return svg(chart);
}

}  // namespace sextant::cli
