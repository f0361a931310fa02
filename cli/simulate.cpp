#include <charconv>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/core/table.h"
#include "analyzer/report/chrome_trace.h"
#include "analyzer/training/sextant/sextant.h"
#include "cli/input_options.h"
#include "cli/plan_output.h"
#include "cli/plan_picture.h"

namespace sextant::cli {

namespace {

struct Arguments {
  TrainingInputOptions input;
  std::string plan;
  std::string against;
  std::string estimator = "sextant";
  std::string tokens;
  std::string trace;
  std::vector<std::string> slow;
  double noise = 0;
  std::uint64_t seed = 1;
  bool memory = false;
  bool picture = false;
};

/// Our document, or the artifact's form.
Plan read_plan(const std::string& path, const TrainingInput& input) {
  const JsonDocument document = JsonDocument::read(path);
  if (document.root().has("schema")) return plan_from_json(document.root_of_kind("plan", 1));
  if (document.root().has("mbs")) {
    return plan_from_artifact_json(document.root(), input.job.model, input.profile.layer_count,
                                   input.job.global_batch);
  }
  document.root().fail("a plan: \"schema\": \"sextant/plan/1.0\", or the artifact's \"mbs\"");
}

void write_trace(const std::string& path, const Estimator& estimator, const TrainingInput& input,
                 const Plan& plan) {
  const std::optional<Timeline> timeline = estimator.timeline(input.problem(), plan);
  if (!timeline) {
    throw_usage(
        fmt::format("--trace: estimator {} knows no times of single microbatches; with a "
                    "timeline there are:{}",
                    estimator.name(), estimators_with_timeline(input, plan)));
  }
  write_file_atomically(
      path, chrome_trace(*timeline, {{"estimator", std::string(estimator.name())},
                                     {"evidence", std::string(to_string(input.evidence))},
                                     {"model", input.job.model},
                                     {"plan", summary(plan)}}));
}

/// Another plan for the same job, and what the first one is beside it.
struct Comparison {
  std::string file;
  Prediction prediction;
  Verdict verdict = Verdict::kAmbiguous;
};

std::string describe(const Comparison& other) {
  const TimeInterval& interval = other.prediction.interval;
  const std::string spread =
      interval.has_spread
          ? fmt::format("{} to {}", format_seconds(interval.low_s), format_seconds(interval.high_s))
          : "the inputs have no spread by which to tell plans apart";
  return fmt::format("beside {} ({}; {}): {}\n", other.file,
                     format_seconds(other.prediction.iteration_s), spread,
                     to_string(other.verdict));
}

OrderedJson to_json(const Comparison& other) {
  OrderedJson out = {{"plan", other.file},
                     {"iteration_s", other.prediction.iteration_s},
                     {"fits", other.prediction.fits},
                     {"verdict", to_string(other.verdict)}};
  const TimeInterval& interval = other.prediction.interval;
  if (interval.has_spread) {
    out["interval_s"] = {{"low", interval.low_s}, {"high", interval.high_s}};
  }
  return out;
}

/// "0/2/1=1.3": pipeline, stage, replica and how many times as long it takes.
Disturbance::Slow slow_replica(const std::string& text) {
  Disturbance::Slow slow;
  const char* at = text.data();
  const char* end = at + text.size();
  const auto read = [&](auto& value, char after) {
    const auto parsed = std::from_chars(at, end, value);
    const bool last = after == '\0';
    if (parsed.ec != std::errc() || value < 0 || (last ? parsed.ptr != end : parsed.ptr == end) ||
        (!last && *parsed.ptr != after)) {
      throw_usage(fmt::format("--slow {}: expected PIPELINE/STAGE/REPLICA=FACTOR, as 0/2/1=1.3",
                              quote(text)));
    }
    at = last ? end : parsed.ptr + 1;
  };
  read(slow.pipeline, '/');
  read(slow.stage, '/');
  read(slow.replica, '=');
  read(slow.factor, '\0');
  if (!(slow.factor > 0 && std::isfinite(slow.factor))) {
    throw_usage(fmt::format("--slow {}: expected a factor greater than zero", quote(text)));
  }
  return slow;
}

int run(const Arguments& arguments, const Session& session) {
  const double tokens = arguments.tokens.empty() ? 0 : token_count(arguments.tokens);
  check_picture(arguments.picture, session);
  const Estimator& estimator = estimator_named(arguments.estimator);
  TrainingInputOptions options = arguments.input;
  options.artifact = session.artifact;
  TrainingInput input = load_training_input(options);
  for (const std::string& text : arguments.slow) {
    input.disturbance.slow.push_back(slow_replica(text));
  }
  input.disturbance.noise = arguments.noise;
  input.disturbance.seed = arguments.seed;
  if (&estimator != &sextant_estimator() &&
      input.disturbance != Disturbance{{}, 0, arguments.seed}) {
    throw_usage(fmt::format("--slow and --noise: estimator {} knows no unequal ranks; use sextant",
                            estimator.name()));
  }
  print_notes(input);
  const Plan plan = read_plan(arguments.plan, input);
  const Prediction prediction = estimator.predict(input.problem(), plan);
  std::optional<Comparison> other;
  if (!arguments.against.empty()) {
    other = Comparison{arguments.against,
                       estimator.predict(input.problem(), read_plan(arguments.against, input)),
                       Verdict::kAmbiguous};
    other->verdict = judge(other->prediction.interval, prediction.interval);
  }
  if (!arguments.trace.empty()) write_trace(arguments.trace, estimator, input, plan);
  const PlanOutput output{input, plan, prediction, estimator.name(), tokens, arguments.memory};
  if (session.json) {
    OrderedJson document = {{"schema", schema_id("prediction")},
                            {"status", prediction.fits ? "ok" : "infeasible"}};
    if (!prediction.fits) document["reason"] = prediction.memory_note;
    document.update(prediction_json(output));
    if (other) document["against"] = to_json(*other);
    print(json_text(document));
  } else {
    print(fmt::format("{} on {}\nestimator {} (evidence: {})\n\n{}{}{}", input.job.model,
                      input.cluster.summary(), estimator.name(), to_string(input.evidence),
                      describe(output), other ? describe(*other) : "",
                      arguments.picture ? plan_picture(input, plan, prediction, estimator) : ""));
  }
  if (!prediction.fits) {
    throw_infeasible("the plan does not fit in memory: " + prediction.memory_note);
  }
  return 0;
}

}  // namespace

void add_simulate_command(CLI::App& program, Session& session) {
  CLI::App* command =
      program.add_subcommand("simulate", "Predict time, memory and cost of a given plan");
  auto arguments = std::make_shared<Arguments>();
  add_common_options(*command, session);
  add_input_options(*command, arguments->input);
  add_price_options(*command, arguments->input);
  command->add_option("--plan", arguments->plan, "Plan document, or the artifact's form")
      ->required()
      ->type_name("FILE");
  command
      ->add_option("--against", arguments->against,
                   "Another plan for the job: is the first FASTER, SLOWER, the SAME or AMBIGUOUS")
      ->type_name("FILE");
  add_estimator_option(*command, arguments->estimator);
  command->add_option("--tokens", arguments->tokens, "Also say what a run of so many tokens takes")
      ->type_name("N");
  command
      ->add_option("--trace", arguments->trace,
                   "Also write who does what when as Chrome trace events, which Perfetto opens")
      ->type_name("FILE");
  command->add_flag("--memory", arguments->memory,
                    "Say what memory is made of on every stage, not on the fullest alone");
  add_picture_option(*command, arguments->picture);
  command
      ->add_option("--slow", arguments->slow,
                   "A stage replica that takes FACTOR times as long as its profile")
      ->type_name("PIPELINE/STAGE/REPLICA=FACTOR");
  command
      ->add_option("--noise", arguments->noise,
                   "Every computation takes exp(SHARE z) times as long, z normal")
      ->check(CLI::Range(0.0, 10.0))
      ->type_name("SHARE");
  command->add_option("--seed", arguments->seed, "Of the noise (default: 1)")->type_name("N");
  command->callback([arguments, &session] {
    session.action = [arguments, &session] { return run(*arguments, session); };
  });
}

}  // namespace sextant::cli
