#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/measured/suspicion.h"
#include "analyzer/report/write_plot.h"
#include "analyzer/training/plan_origin.h"
#include "analyzer/validation/ranking.h"
#include "analyzer/validation/validation_document.h"
#include "analyzer/validation/validation_report.h"
#include "analyzer/validation/validation_runs.h"
#include "cli/input_options.h"
#include "cli/plan_output.h"

namespace sextant::cli {

namespace {

struct Arguments {
  TrainingInputOptions input;
  std::string measured;
  std::string from;
  std::string predicted;
  std::vector<std::string> estimators;
  std::string quantity;
  std::string plot;
  std::string csv;
};

std::vector<Quantity> quantities_of(const Arguments& arguments) {
  if (arguments.quantity == to_string(Quantity::kTime)) return {Quantity::kTime};
  if (arguments.quantity == to_string(Quantity::kMemory)) return {Quantity::kMemory};
  return {Quantity::kTime, Quantity::kMemory};
}

std::vector<Contender> contenders_of(const Arguments& arguments, const TrainingInput& input) {
  std::vector<const Estimator*> chosen;
  for (const std::string& name : arguments.estimators) {
    if (name != "all") chosen.push_back(&estimator_named(name));
  }
  if (chosen.size() < arguments.estimators.size()) chosen = estimators();
  if (chosen.empty()) chosen = {&estimator_named("sextant"), &estimator_named("sailor")};
  std::vector<Contender> contenders;
  for (const Estimator* estimator : chosen) {
    Contender contender;
    contender.name = estimator->name();
    contender.estimator = estimator;
    contender.profile = &input.profile;
    contender.model = input.model ? &*input.model : nullptr;
    contender.published_tables = input.published_tables;
    contender.evidence = input.evidence;
    contender.calibration = [&input](const MeasuredRun&) { return input.calibration; };
    contenders.push_back(std::move(contender));
  }
  return contenders;
}

struct Judged {
  std::vector<ValidationRow> rows;
  std::vector<Ranking> rankings;
};

Judged predicted_rows(const Arguments& arguments, const Session& session) {
  if (arguments.measured.empty() || arguments.input.cluster.empty() ||
      arguments.input.job.empty()) {
    throw_usage(
        "validate needs --measured with --predicted or with --cluster and --job, or --from");
  }
  TrainingInputOptions options = arguments.input;
  options.artifact = session.artifact;
  const TrainingInput input = load_training_input(options);
  print_notes(input);
  const std::vector<Contender> contenders = contenders_of(arguments, input);
  const std::vector<MeasuredRun> runs =
      read_validation_runs(arguments.measured, input.job, input.profile.layer_count);
  for (const MeasuredRun& run : runs) check_suits(run, input.job, input.profile);
  Judged out;
  out.rows = validate(runs, contenders, input.job, input.cluster, quantities_of(arguments));
  if (out.rows.empty()) throw_usage("none of the chosen estimators models that quantity");
  out.rankings = rank_predictions(runs, out.rows);
  return out;
}

/// Whether anything is named that new predictions would be made of.
bool has_inputs(const Arguments& arguments, const Session& session) {
  return !arguments.input.cluster.empty() || !arguments.input.job.empty() ||
         !arguments.input.profile_db.empty() || !arguments.input.variant.empty() ||
         !arguments.input.calibration.empty() || !session.artifact.empty();
}

/// What a plan's document says of it, made before it ran.
std::vector<ValidationRow> rows_of_recorded_prediction(const Arguments& arguments,
                                                       const Session& session) {
  if (arguments.measured.empty()) throw_usage("--predicted needs --measured");
  if (has_inputs(arguments, session) || !arguments.estimators.empty()) {
    throw_usage("--predicted has the prediction already; leave out what it would be made of");
  }
  const JsonDocument document = JsonDocument::read(arguments.predicted);
  const JsonNode root = document.root_of_kind("plan", 1);
  const Plan plan = plan_from_json(root);
  const auto prediction = read_prediction(root);
  if (!prediction) root.at("prediction");  // throws, with the place
  std::vector<MeasuredRun> runs = read_measured_directory(arguments.measured);
  mark_suspicions(runs);
  std::vector<ValidationRow> rows =
      validate(runs, plan, *prediction, arguments.predicted, quantities_of(arguments));
  if (rows.empty()) {
    throw_bad_input(fmt::format("{}: says nothing of that quantity", arguments.predicted));
  }
  return rows;
}

/// Those of an earlier run of ours that are asked for.
std::vector<ValidationRow> recorded_rows(const Arguments& arguments, const Session& session) {
  if (!arguments.measured.empty() || has_inputs(arguments, session)) {
    throw_usage("--from has the predictions already; leave out what they would be made of");
  }
  std::vector<ValidationRow> rows = read_validation(arguments.from);
  const std::vector<Quantity> quantities = quantities_of(arguments);
  const std::vector<std::string>& names = arguments.estimators;
  const bool all = names.empty() || std::find(names.begin(), names.end(), "all") != names.end();
  std::erase_if(rows, [&](const ValidationRow& row) {
    const bool wanted = all || std::find(names.begin(), names.end(), row.estimator) != names.end();
    return !wanted ||
           std::find(quantities.begin(), quantities.end(), row.quantity) == quantities.end();
  });
  if (rows.empty()) {
    throw_bad_input(fmt::format("{}: none of its rows is asked for", arguments.from));
  }
  return rows;
}

int run(const Arguments& arguments, const Session& session) {
  if (!arguments.plot.empty()) check_plot_name(arguments.plot);
  const Judged judged = !arguments.predicted.empty()
                            ? Judged{rows_of_recorded_prediction(arguments, session), {}}
                        : arguments.from.empty() ? predicted_rows(arguments, session)
                                                 : Judged{recorded_rows(arguments, session), {}};
  const std::vector<ValidationRow>& rows = judged.rows;
  if (!arguments.csv.empty()) write_file_atomically(arguments.csv, validation_csv(rows));
  if (!arguments.plot.empty()) {
    write_plot(arguments.plot, svg(validation_plot(rows, "Predicted against measured")));
  }
  if (session.json) {
    OrderedJson document = validation_json(rows);
    for (const Ranking& ranking : judged.rankings) document["ranking"].push_back(to_json(ranking));
    print(json_text(document));
  } else {
    print(validation_text(rows) + ranking_text(judged.rankings));
  }
  const auto missing = std::count_if(rows.begin(), rows.end(), [](const ValidationRow& row) {
    return row.status == ValidationRow::Status::kUnpredicted;
  });
  if (missing > 0) {
    throw Error(ErrorCode::kPartial,
                fmt::format("{} of {} rows have no prediction", missing, rows.size()));
  }
  return 0;
}

}  // namespace

void add_validate_command(CLI::App& program, Session& session) {
  CLI::App* command = program.add_subcommand(
      "validate", "Hold what estimators predict against what plans measured when they ran");
  auto arguments = std::make_shared<Arguments>();
  add_common_options(*command, session);
  command
      ->add_option("--measured", arguments->measured,
                   "Directory of measured documents, or of the artifact's plan_config_*.json")
      ->type_name("DIR");
  add_input_options(*command, arguments->input);
  for (const char* name : {"--cluster", "--job"}) command->get_option(name)->required(false);
  command
      ->add_option("--from", arguments->from,
                   "Instead of predicting: a document that --json printed, here or in reproduce")
      ->type_name("FILE");
  command
      ->add_option("--predicted", arguments->predicted,
                   "Instead of predicting: the plan that ran, as a document with its prediction")
      ->excludes("--from")
      ->type_name("FILE");
  std::string names;
  for (const Estimator* estimator : estimators()) names += fmt::format(" {}", estimator->name());
  command
      ->add_option("--estimator", arguments->estimators,
                   "Those that are judged, or all (default: sextant,sailor); there are:" + names)
      ->delimiter(',')
      ->type_name("NAME,…");
  command->add_option("--quantity", arguments->quantity, "time or memory (default: both)")
      ->check(CLI::IsMember({"time", "memory"}));
  command->add_option("--plot", arguments->plot, "Also draw box plots of the errors (.svg or .png)")
      ->type_name("FILE");
  command->add_option("--csv", arguments->csv, "Also write the rows")->type_name("FILE");
  command->callback([arguments, &session] {
    session.action = [arguments, &session] { return run(*arguments, session); };
  });
}

}  // namespace sextant::cli
