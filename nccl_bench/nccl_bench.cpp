// nccl_bench: what links and collectives between ranks take.

#include <c10/util/Logging.h>
#include <cstdlib>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/git_revision.h"
#include "analyzer/core/interrupt.h"
#include "analyzer/core/provenance.h"
#include "cli/commands.h"
#include "cli/program.h"
#include "nccl_bench/rank_run.h"
#include "nccl_bench/report.h"

C10_DECLARE_int(caffe2_log_level);

namespace {

using namespace sextant;
using namespace sextant::bench;
using sextant::ranks::EarlyEnd;

constexpr const char* kFooter = R"(
Examples:
  nccl_bench --op all_reduce                            all GPUs of this machine
  nccl_bench --backend gloo --local-ranks 4 --op all    four CPU ranks
  torchrun --nproc-per-node 8 --no-python nccl_bench --op all -o bandwidth.json
  srun nccl_bench --pattern halves --dtype bf16 -o bandwidth.json
  nccl_bench --rendezvous node-a:29500 --world-size 8 --first-rank 4 --local-ranks 4

Columns are those of nccl-tests: algbw is size over time, busbw what a link's peak is compared with;
docs/network.md has the formulas. Ctrl-C keeps what is finished.

Exit codes: 0 all is measured and every value right; 5 some is measured, or values were wrong; 3
nothing is measured: ranks did not meet, a port is in use, versions differ; 2 wrong usage.)";

BandwidthDocument empty_document(const BenchOptions& options, const SweepPlan& plan,
                                 const World& world) {
  BandwidthDocument document;
  document.evidence = evidence_of(plan.backend);
  document.tool = "nccl_bench";
  document.tool_version = SEXTANT_VERSION;
  document.backend = to_string(plan.backend);
  document.provenance = backend_provenance(plan.backend, world.first_device);
  document.provenance.merge(backend_versions(plan.backend));
  document.provenance["host"] = host_name();
  document.provenance["command"] = options.command;
  document.provenance["git_revision"] = git_revision();
  document.provenance["time"] = utc_now();
  return document;
}

/// Prints and writes what there is; the exit code.
int conclude(const BenchOptions& options, Results* results, const std::optional<EarlyEnd>& end) {
  int code = 0;
  if (results != nullptr) {
    if (end) {
      results->end_early(end->reason);
    } else {
      results->finish();
    }
    const BandwidthDocument document = results->document();
    if (results->has_points() || !end) {
      results->write();
      cli::print(options.json ? bandwidth_document_text(document) : report_text(document));
    }
    if (!document.problems.empty()) code = static_cast<int>(ErrorCode::kPartial);
    if (!results->has_points()) code = static_cast<int>(ErrorCode::kBadInput);
  }
  if (!end) return code;
  fmt::print(stderr, "nccl_bench: error: {}\n", end->reason);
  return end->exit_code;
}

int measure(const BenchOptions& options, const SweepPlan& plan, World world) {
  const auto timeout =
      std::chrono::milliseconds(static_cast<std::int64_t>(options.timeout_s * 1000));
  const std::unique_ptr<Board> board = Board::open(world, timeout);
  std::unique_ptr<Results> results;
  if (world.first_rank == 0) {
    results = std::make_unique<Results>(empty_document(options, plan, world), options.output,
                                        options.csv);
  }
  Supervisor supervisor(world, options.timeout_s, board->another());
  const bool all_ended = supervisor.run([&](int rank) {
    RankRun(options, plan, world, rank, board->another(), supervisor,
            rank == 0 ? results.get() : nullptr)
        .run();
  });
  const int code = conclude(options, results.get(), supervisor.early_end());
  if (!all_ended) {
    // Threads hang in calls that cannot be ended; they would use what destructors take away.
    std::fflush(nullptr);
    ::_exit(code);
  }
  supervisor.leave();
  return code;
}

int run(const BenchArguments& arguments, std::string command) {
  BenchOptions options = arguments.options();
  options.command = std::move(command);
  const BackendKind backend = choose_backend(options);
  const World world =
      ranks::find_world(options, ranks::environment_variable, default_local_ranks(backend));
  const SweepPlan plan = plan_sweeps(options, backend, world.size);
  if (options.inject_error >= world.size) {
    throw_usage(
        fmt::format("--inject-error {}: there are {} ranks", options.inject_error, world.size));
  }
  if (world.first_rank == 0) {
    if (!options.backend && backend == BackendKind::kGloo) {
      fmt::print(stderr, "nccl_bench: note: no GPU for NCCL here; measuring CPU ranks with Gloo\n");
    }
    std::vector<std::string> notes = options.notes;
    notes.insert(notes.end(), plan.notes.begin(), plan.notes.end());
    for (const std::string& note : notes) fmt::print(stderr, "nccl_bench: note: {}\n", note);
  }
  return measure(options, plan, world);
}

}  // namespace

int main(int argc, char** argv) {
  // c10d's own record of collectives is not made for several ranks in one process.
  ::setenv("TORCH_FR_BUFFER_SIZE", "0", 1);
  // What it logs of lost connections our messages say better.
  if (std::getenv("TORCH_CPP_LOG_LEVEL") == nullptr) FLAGS_caffe2_log_level = c10::GLOG_FATAL;
  CLI::App program("Measures point-to-point links and collectives between ranks.", "nccl_bench");
  program.footer(kFooter);
  const BenchArguments arguments(program);
  return cli::program_main(program, argc, argv, [&] {
    handle_interrupts();
    return run(arguments, command_line(argc, argv));
  });
}
