// profile_model: plans a sweep, starts the ranks that measure, keeps their documents.

#include <string_view>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "analyzer/core/byte_size.h"
#include "analyzer/core/error.h"
#include "analyzer/core/interrupt.h"
#include "cli/commands.h"
#include "cli/program.h"
#include "cli/stopping_options.h"
#include "profiler/sweep/sweep_report.h"
#include "profiler/sweep/sweep_run.h"

namespace {

using namespace sextant;
using namespace sextant::profiler;

constexpr const char* kFooter = R"(
Examples:
  profile_model --model OPT-350M --tp 1,2,4,8 --mbs 1,2,4,8 --out points --plan-only
  profile_model --model Llama-3-8B --dtype bf16 --tp 1,2,4 --mbs 1,2,4,8,16 --out points
  profile_model --model Llama-3-8B --dtype bf16 --tp 1,2,4 --mbs 1,2,4,8,16 --out points --resume
  profile_model --model Llama-2-70B --mode serve --tp 8 --out points
  profile_model --model tiny.json --device cpu --tp 1,2 --mbs 1,2 --out points
  gather_profs --model-name OPT-350M --gpu-type H200-141 --profile-dir points

A point that runs out of memory is an answer: larger microbatches of its tensor degree are not tried,
and its document says the largest that fits. A point that fails otherwise gets a document with the
reason, and the sweep goes on. Ctrl-C keeps what is done; --resume does what is missing or failed.

Exit codes: 0 every point is measured or does not fit; 5 some failed, or the sweep was interrupted
(--resume goes on); 3 the model, device or directory does not suit, nothing was measured; 2 wrong
usage.)";

struct Arguments {
  SweepOptions options;
  std::string device = "cuda";
  std::string mode = "train";
  std::string optimizer = "adamw";
  std::string collectives = "auto";
  std::string shard = "0/1";
  std::string memory_limit;
  bool no_operators = false;
  bool json = false;
};

/// Throws Error(kUsage) on options that have no meaning in the chosen mode.
void check_mode(const CLI::App& program, Mode mode) {
  const std::vector<const char*> foreign =
      mode == Mode::kServe
          ? std::vector<const char*>{"--mbs",         "--seq-len",           "--optimizer",
                                     "--recompute",   "--sequence-parallel", "--kernels",
                                     "--no-operators"}
          : std::vector<const char*>{"--prefill-tokens", "--decode-batches", "--decode-contexts"};
  for (const char* name : foreign) {
    if (program.count(name) > 0) {
      throw_usage(fmt::format("{} has no meaning with --mode {}", name,
                              mode == Mode::kServe ? "serve" : "train"));
    }
  }
}

SweepOptions options_of(const CLI::App& program, const Arguments& arguments) {
  SweepOptions options = arguments.options;
  if (arguments.mode != "train" && arguments.mode != "serve") {
    throw_usage(fmt::format("--mode {}: expected train or serve", quote(arguments.mode)));
  }
  options.mode = arguments.mode == "train" ? Mode::kTrain : Mode::kServe;
  check_mode(program, options.mode);
  options.device = device_kind_from(arguments.device);
  options.optimizer = optimizer_from(arguments.optimizer);
  options.collectives = collectives_choice_from(arguments.collectives);
  options.shard = shard_from(arguments.shard);
  options.operators = !arguments.no_operators;
  if (!arguments.memory_limit.empty()) {
    options.memory_limit_bytes = byte_size("--memory-limit", arguments.memory_limit);
  }
  if (options.resume && options.force) throw_usage("--resume and --force exclude each other");
  return options;
}

int measure(const Sweep& sweep, bool json) {
  const std::filesystem::path rank_program = find_rank_program(sweep.options.rank_program);
  check_writable(sweep.options.out);
  refuse_existing(sweep);
  handle_interrupts();
  std::vector<PointOutcome> outcomes;
  {
    SweepRun run(sweep, rank_program);
    run.run();
    outcomes = run.outcomes();
  }
  cli::print(json ? json_text(result_json(sweep, outcomes)) : result_text(sweep, outcomes));
  const auto failed = std::count_if(outcomes.begin(), outcomes.end(), [](const auto& outcome) {
    return outcome.status == PointStatus::kError || outcome.status == PointStatus::kTimeout;
  });
  if (interrupted()) {
    const auto done = std::count_if(outcomes.begin(), outcomes.end(),
                                    [](const auto& outcome) { return outcome.status.has_value(); });
    fmt::print(stderr,
               "profile_model: interrupted: {} of {} points are done and kept; the same "
               "command with --resume does the rest\n",
               done, outcomes.size());
  } else if (failed > 0) {
    fmt::print(stderr,
               "profile_model: {} of {} points failed; the same command with --resume "
               "tries them again\n",
               failed, outcomes.size());
  }
  return is_complete(outcomes) && !interrupted() ? 0 : static_cast<int>(ErrorCode::kPartial);
}

/// The machine that this runs on; for a plan any that has the named GPUs.
Machine machine_for(const SweepOptions& options) {
  try {
    return examine_machine(options.device, options.gpu_type);
  } catch (const Error&) {
    if (!options.plan_only || options.gpu_type.empty()) throw;
    return machine_elsewhere(options.gpu_type);
  }
}

int run(const CLI::App& program, const Arguments& arguments) {
  const SweepOptions options = options_of(program, arguments);
  const Sweep sweep = plan_sweep(options, machine_for(options));
  for (const std::string& warning : sweep.machine.warnings) {
    fmt::print(stderr, "profile_model: warning: {}\n", warning);
  }
  if (!options.plan_only) return measure(sweep, arguments.json);
  cli::print(arguments.json ? json_text(plan_json(sweep)) : plan_text(sweep));
  return 0;
}

void add_grid_options(CLI::App& program, Arguments& arguments) {
  SweepOptions& options = arguments.options;
  constexpr const char* kGroup = "What is measured";
  const CLI::Range tokens(1, 1 << 20);
  program.add_option("--model", options.model, "Built-in model, or a model document (.json)")
      ->required()
      ->group(kGroup);
  program
      .add_option("--tp", options.tensor_degrees,
                  "Tensor degrees, 1,2,4; by default the legal powers of two up to the GPUs here")
      ->delimiter(',')
      ->check(CLI::Range(1, 4096))
      ->group(kGroup);
  program.add_option("--mbs", options.microbatches, "Microbatch sizes; by default 1,2,4,8")
      ->delimiter(',')
      ->check(CLI::Range(1, 1 << 20))
      ->group(kGroup);
  program
      .add_option("--dtype", options.dtypes,
                  "fp32, tf32, fp16, bf16, one variant each; by default bf16, on the CPU fp32")
      ->delimiter(',')
      ->group(kGroup);
  program.add_option("--seq-len", options.seq_len, "Tokens of a sequence; by default the model's")
      ->check(tokens)
      ->group(kGroup);
  program.add_option("--optimizer", arguments.optimizer, "adamw or sgd")
      ->capture_default_str()
      ->group(kGroup);
  program.add_flag("--recompute", options.recompute, "Run each block's forward again in backward")
      ->group(kGroup);
  program
      .add_flag("--sequence-parallel", options.sequence_parallel,
                "Split what tensor parallelism leaves whole")
      ->group(kGroup);
  program
      .add_option("--collectives", arguments.collectives,
                  "real: a rank for each shard; recorded: one shard alone, collectives are noted "
                  "for the network model; auto: real where there are as many devices")
      ->capture_default_str()
      ->group(kGroup);
  program.add_option("--mode", arguments.mode, "train or serve")
      ->capture_default_str()
      ->group(kGroup);
  program
      .add_option("--prefill-tokens", options.prefill_tokens,
                  "Serving: tokens of a prefill; by default 1,2,4,…,8192")
      ->delimiter(',')
      ->check(tokens)
      ->group(kGroup);
  program
      .add_option("--decode-batches", options.decode_batches,
                  "Serving: sequences of a decode step; by default 1,2,4,…,512")
      ->delimiter(',')
      ->check(tokens)
      ->group(kGroup);
  program
      .add_option("--decode-contexts", options.decode_contexts,
                  "Serving: tokens of context of each; by default 128,512,2048,8192")
      ->delimiter(',')
      ->check(tokens)
      ->group(kGroup);
}

void add_measurement_options(CLI::App& program, Arguments& arguments) {
  SweepOptions& options = arguments.options;
  constexpr const char* kGroup = "How it is measured";
  const CLI::Range seconds(1e-3, 1e7);
  program.add_option("--device", arguments.device, "cuda or cpu")
      ->capture_default_str()
      ->group(kGroup);
  program
      .add_option("--gpu-type", options.gpu_type,
                  "Name of the GPU type in documents; by default what the driver's name means")
      ->group(kGroup);
  cli::add_stopping_options(program, options.stopping, "each point", kGroup);
  program
      .add_flag("--kernels", arguments.options.kernels,
                "Also the GPU kernels of each layer (CUPTI)")
      ->group(kGroup);
  program
      .add_flag("--no-operators", arguments.no_operators, "Leave out times operator by operator")
      ->group(kGroup);
  program
      .add_option("--memory-limit", arguments.memory_limit,
                  "Device memory that a rank may take, as in 64GiB")
      ->type_name("SIZE")
      ->group(kGroup);
  program
      .add_option("--point-timeout", options.point_timeout_s,
                  "Give a point up after so many seconds; by default 120 and ten time limits")
      ->check(seconds)
      ->group(kGroup);
  // For tests, and where the measuring program was installed elsewhere.
  program.add_option("--rank-program", options.rank_program)->group("");
}

void add_output_options(CLI::App& program, Arguments& arguments) {
  SweepOptions& options = arguments.options;
  constexpr const char* kGroup = "What becomes of it";
  program
      .add_option("--out", options.out,
                  "Directory of the documents, <variant>/…/profile_<model>_<gpu>_<tp>_<mbs>.json")
      ->required()
      ->type_name("DIR")
      ->group(kGroup);
  program.add_flag("--flat", options.flat, "Documents in --out itself, for one variant")
      ->group(kGroup);
  program
      .add_flag(
          "--plan-only", options.plan_only,
          "List the points with an estimate of the time, and measure nothing; with --gpu-type "
          "no GPU is needed")
      ->group(kGroup);
  program.add_flag("--resume", options.resume, "Keep what has an answer, measure what is missing")
      ->group(kGroup);
  program.add_flag("--force", options.force, "Measure all again")->group(kGroup);
  program
      .add_option("--shard", arguments.shard,
                  "INDEX/COUNT: every COUNT-th point of the plan only, for job arrays")
      ->capture_default_str()
      ->group(kGroup);
  program.add_flag("--json", arguments.json, "Print one JSON document")->group(kGroup);
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App program(
      "Measures time and memory of a model's layers over tensor degrees and microbatch sizes.",
      "profile_model");
  program.footer(kFooter);
  add_grid_options(program, arguments);
  add_measurement_options(program, arguments);
  add_output_options(program, arguments);
  return cli::program_main(program, argc, argv, [&] {
    arguments.options.command = command_line(argc, argv);
    return run(program, arguments);
  });
}
