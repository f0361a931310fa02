// run_plan: runs training plans for real, and writes what they measured.

#include <algorithm>
#include <c10/util/Logging.h>
#include <cstdlib>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/interrupt.h"
#include "analyzer/core/provenance.h"
#include "cli/commands.h"
#include "cli/program.h"
#include "profiler/run/local_ranks.h"
#include "profiler/run/rank_run.h"
#include "ranks/world.h"

C10_DECLARE_int(caffe2_log_level);

namespace {

using namespace sextant;
using namespace sextant::profiler;

constexpr const char* kFooter = R"(
Examples:
  run_plan --plan plan.json --job job.json -o measured.json
  torchrun --nnodes 4 --nproc-per-node 8 --no-python run_plan --plan plan.json --job job.json -o results
  run_plan --plan a.json --plan b.json --job job.json --rounds 5 -n 20 -o results --device cpu

Ranks are pipeline after pipeline, in it stage after stage, replica after replica, tensor-parallel
ranks neighbours. Without a launcher all ranks are started here. Several plans run in turn, A B A B,
so that what disturbs the machine disturbs all of them. docs/running.md says what is measured.

Exit codes: 0 everything is measured; 5 it ended early, and what was measured is kept (the document
says why); 3 a plan cannot be run, or nothing was measured; 2 wrong usage.)";

struct Arguments {
  RunOptions options;
  std::string device = "cuda";
  bool processes = false;
  bool json = false;
};

/// The threads of a CPU rank: one, as profile_model's ranks that share a machine have, so that
/// their times can be compared; whoever sets OMP_NUM_THREADS sets it for both.
int default_threads() {
  const char* const text = std::getenv("OMP_NUM_THREADS");
  const int wanted = text == nullptr ? 1 : std::atoi(text);
  return std::max(1, wanted);
}

void check_world(const RunRequest& request, const ranks::World& world) {
  if (world.size == request.ranks()) return;
  const auto largest = std::max_element(
      request.plans.begin(), request.plans.end(),
      [](const PlanToRun& a, const PlanToRun& b) { return a.ranks() < b.ranks(); });
  throw_usage(fmt::format("plan {} has {} ranks, the launcher started {}", quote(largest->name),
                          largest->ranks(), world.size));
}

/// Prints and writes what there is; the exit code.
int conclude(const Arguments& arguments, const RunResults* results,
             const std::optional<ranks::EarlyEnd>& end) {
  if (results != nullptr && results->has_samples()) {
    results->write(end ? end->reason : "");
    const std::vector<MeasuredRun> runs = results->documents(end ? end->reason : "");
    cli::print(arguments.json ? json_text(measured_json(runs.front())) : results_text(runs));
  }
  if (!end) return 0;
  fmt::print(stderr, "run_plan: error: {}\n", end->reason);
  return results != nullptr && results->has_samples() ? static_cast<int>(ErrorCode::kPartial)
                                                      : end->exit_code;
}

int run_rank(const Arguments& arguments, const RunRequest& request,
             const profiler::Machine& machine, ranks::World world) {
  const auto timeout =
      std::chrono::milliseconds(static_cast<std::int64_t>(request.options.timeout_s * 1000));
  const std::unique_ptr<ranks::Board> board = ranks::Board::open(world, timeout);
  std::unique_ptr<RunResults> results;
  if (world.first_rank == 0) results = std::make_unique<RunResults>(request);
  ranks::Supervisor supervisor(world, request.options.timeout_s, board->another());
  const bool all_ended = supervisor.run([&](int) {
    RankRun(request, machine, world, board->another(), supervisor, results.get()).run();
  });
  const int code = conclude(arguments, results.get(), supervisor.early_end());
  if (!all_ended) {
    // Threads hang in calls that cannot be ended; they would use what destructors take away.
    std::fflush(nullptr);
    ::_exit(code);
  }
  supervisor.leave();
  return code;
}

int run(Arguments arguments, const std::vector<std::string>& words) {
  RunOptions& options = arguments.options;
  options.device = device_kind_from(arguments.device);
  if (options.threads == 0) options.threads = default_threads();
  const RunRequest request = load_request(options);
  if (arguments.json && request.plans.size() > 1) {
    throw_usage("--json prints one document: name one plan");
  }
  const profiler::Machine machine = examine_machine(options.device, options.gpu_type);
  const bool launched = !arguments.processes && (ranks::environment_variable("RANK") ||
                                                 ranks::environment_variable("SLURM_PROCID"));
  if (!launched && request.ranks() > 1) {
    if (machine.devices > 0 && machine.devices < request.ranks()) {
      throw_bad_input(
          fmt::format("the plan has {} ranks, this machine {} GPUs; start run_plan "
                      "with torchrun or srun on several machines",
                      request.ranks(), machine.devices));
    }
    std::vector<std::string> own = words;
    std::erase(own, "--processes");
    return run_as_processes(request, own);
  }
  const ranks::World world = launched ? ranks::find_world({}, ranks::environment_variable, 1)
                                      : ranks::find_world(
                                            {}, [](const char*) { return std::nullopt; }, 1);
  check_world(request, world);
  if (world.first_rank == 0) {
    for (const std::string& warning : machine.warnings) {
      fmt::print(stderr, "run_plan: warning: {}\n", warning);
    }
  }
  return run_rank(arguments, request, machine, world);
}

void add_options(CLI::App& program, Arguments& arguments) {
  RunOptions& options = arguments.options;
  const CLI::Range counts(1, 1'000'000);
  program
      .add_option("--plan", options.plans, "A document plan; several run in turn, in each round")
      ->required();
  program.add_option("--job", options.job, "The job: model, batch, data type, optimizer")
      ->required();
  program.add_option("-n,--iterations", options.iterations, "Measured iterations of each round")
      ->check(counts)
      ->capture_default_str();
  program.add_option("--warm-up", options.warm_up, "Iterations before them")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  program.add_option("--rounds", options.rounds, "How often every plan runs")
      ->check(counts)
      ->capture_default_str();
  program.add_option("--name", options.names,
                     "The run's name in its document, one for each plan; by default the file's");
  program.add_option("--device", arguments.device, "cuda or cpu")->capture_default_str();
  program.add_option("--gpu-type", options.gpu_type,
                     "Name of the GPU type in documents; by default what the driver's name means");
  program
      .add_option("--threads", options.threads, "Of a CPU rank; by default OMP_NUM_THREADS, else 1")
      ->check(CLI::Range(1, 4096));
  program.add_flag("--processes", arguments.processes,
                   "Start all ranks on this machine, whatever a launcher's variables say");
  program
      .add_option("--timeout", options.timeout_s,
                  "A rank that is at one thing (an iteration) for so many seconds ends the run")
      ->check(CLI::Range(0.1, 1e7))
      ->capture_default_str();
  program
      .add_option("-o,--output", options.output,
                  "The document (.json), or the directory of NAME.json, one for each plan")
      ->required()
      ->type_name("PATH");
  program.add_flag("--json", arguments.json, "Print the document of the only plan");
}

}  // namespace

int main(int argc, char** argv) {
  // What c10d logs of lost connections our messages say better.
  if (std::getenv("TORCH_CPP_LOG_LEVEL") == nullptr) FLAGS_caffe2_log_level = c10::GLOG_FATAL;
  CLI::App program("Runs training plans on synthetic tokens and measures time and memory.",
                   "run_plan");
  program.footer(kFooter);
  Arguments arguments;
  add_options(program, arguments);
  return cli::program_main(program, argc, argv, [&] {
    handle_interrupts();
    arguments.options.command = command_line(argc, argv);
    return run(arguments, {argv + 1, argv + argc});
  });
}
