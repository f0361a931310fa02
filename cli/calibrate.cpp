#include <cmath>
#include <memory>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/core/table.h"
#include "analyzer/training/fit_calibration.h"
#include "analyzer/validation/validation.h"
#include "analyzer/validation/validation_runs.h"
#include "cli/input_options.h"
#include "cli/plan_output.h"

namespace sextant::cli {

namespace {

using Align = Table::Align;

struct Arguments {
  TrainingInputOptions input;
  std::string measured;
  std::string estimator = "sextant";
  std::string output;
};

/// As people read it, by the unit in the parameter's name.
std::string with_unit(const std::string& name, double value) {
  if (name.find("bytes") != std::string::npos) return format_bytes(value);
  if (name.ends_with("_s")) return value == 0 ? "0" : format_seconds(value);
  return fmt::format("{:.3g}", value);
}

std::string signed_percent(double predicted, double measured) {
  return fmt::format("{:+.1f} %", 100 * (predicted / measured - 1));
}

std::string parameters_table(const CalibrationFit& fit) {
  Table table(
      {{"parameter", Align::kLeft}, {"before"}, {"after"}, {"runs"}, {"how", Align::kLeft}});
  for (const FittedParameter& one : fit.parameters) {
    table.add_row({one.name, with_unit(one.name, one.before), with_unit(one.name, one.after),
                   std::to_string(one.runs), one.note});
  }
  return table.text();
}

std::string runs_table(const CalibrationFit& fit) {
  Table table({{"run", Align::kLeft},
               {"iteration"},
               {"before"},
               {"left out"},
               {"memory"},
               {"before"},
               {"left out"},
               {"bound"}});
  for (const CalibratedRun& run : fit.runs) {
    std::vector<std::string> row = {
        run.name + (run.suspicion.empty() ? "" : " (!)"), format_seconds(run.measured_s),
        signed_percent(run.before_s, run.measured_s), signed_percent(run.after_s, run.measured_s)};
    if (run.measured_bytes > 0) {
      row.insert(row.end(), {format_bytes(run.measured_bytes),
                             signed_percent(run.before_bytes, run.measured_bytes),
                             signed_percent(run.after_bytes, run.measured_bytes),
                             signed_percent(run.bound_bytes, run.measured_bytes)});
    } else {
      row.insert(row.end(), 4, "-");
    }
    table.add_row(std::move(row));
  }
  return table.text();
}

std::string error_line(const char* what, const CalibrationErrors& errors) {
  if (errors.runs == 0) return fmt::format("{}: no run measured it\n", what);
  return fmt::format("{}: mean error {:.2f} % before, {:.2f} % of left-out runs after ({} runs)\n",
                     what, 100 * errors.before, 100 * errors.after, errors.runs);
}

std::string text_of(const CalibrationFit& fit) {
  std::string text = parameters_table(fit) + "\n" + runs_table(fit) + "\n" +
                     error_line("iteration time", fit.time) + error_line("memory", fit.memory);
  for (const CalibratedRun& run : fit.runs) {
    if (!run.suspicion.empty()) {
      text += fmt::format("(!) {}: {}; not fitted to\n", run.name, run.suspicion);
    }
  }
  return text;
}

int run(const Arguments& arguments, const Session& session) {
  const Estimator& estimator = estimator_named(arguments.estimator);
  TrainingInputOptions options = arguments.input;
  options.artifact = session.artifact;
  const TrainingInput input = load_training_input(options);
  print_notes(input);
  const std::vector<MeasuredRun> runs =
      read_validation_runs(arguments.measured, input.job, input.profile.layer_count);
  for (const MeasuredRun& one : runs) check_suits(one, input.job, input.profile);
  Contender contender;
  contender.estimator = &estimator;
  contender.profile = &input.profile;
  contender.model = input.model ? &*input.model : nullptr;
  const auto predict = [&](const MeasuredRun& one, const Calibration& calibration) {
    return predict_run(contender, one, input.job, input.cluster, calibration);
  };
  const CalibrationFit fit = fit_calibration(runs, input.calibration, predict);
  const OrderedJson document = calibration_json(fit);
  if (!arguments.output.empty()) write_file_atomically(arguments.output, json_text(document));
  print(session.json ? json_text(document)
                     : fmt::format("estimator {} (evidence: {})\n\n{}", estimator.name(),
                                   to_string(fit.evidence), text_of(fit)));
  return 0;
}

}  // namespace

void add_calibrate_command(CLI::App& program, Session& session) {
  CLI::App* command = program.add_subcommand(
      "calibrate", "Fit what profiles cannot see (process memory, overheads) to measured runs");
  auto arguments = std::make_shared<Arguments>();
  add_common_options(*command, session);
  add_input_options(*command, arguments->input);
  command
      ->add_option("--measured", arguments->measured,
                   "Directory of measured runs, of run_plan or as Sailor's artifact has them")
      ->required()
      ->type_name("DIR");
  add_estimator_option(*command, arguments->estimator);
  command->add_option("-o,--output", arguments->output, "Write the calibration as a document")
      ->type_name("FILE");
  command->callback([arguments, &session] {
    session.action = [arguments, &session] { return run(*arguments, session); };
  });
}

}  // namespace sextant::cli
