#include "nccl_bench/bench_options.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/byte_size.h"
#include "analyzer/core/error.h"
#include "cli/stopping_options.h"

namespace sextant::bench {

namespace {

constexpr std::array<std::string_view, 2> kBackendNames = {"nccl", "gloo"};
constexpr std::array<std::string_view, 4> kSendPatternNames = {"pair", "halves", "ring", "matrix"};
constexpr std::array<std::string_view, 3> kPlacementNames = {"out-of-place", "in-place", "both"};
/// More than any buffer; sizes are counted in 64 bits.
constexpr double kMostBytes = 1e15;

/// The index of `text` in `names`; throws Error(kUsage) naming `option`.
template <std::size_t N>
std::size_t index_of(const std::array<std::string_view, N>& names, const std::string& option,
                     std::string_view text) {
  const auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) {
    throw_usage(
        fmt::format("{} {}: expected one of {}", option, quote(text), fmt::join(names, ", ")));
  }
  return static_cast<std::size_t>(found - names.begin());
}

std::int64_t whole_bytes(const std::string& option, const std::string& text) {
  const double bytes = byte_size(option, text);
  if (bytes > kMostBytes) throw_usage(fmt::format("{} {}: too large", option, quote(text)));
  return std::max<std::int64_t>(1, std::llround(bytes));
}

std::vector<std::int64_t> growing_sizes(std::int64_t least, std::int64_t most, double factor) {
  if (least > most) {
    throw_usage(fmt::format("--min-bytes {} is more than --max-bytes {}", least, most));
  }
  std::vector<std::int64_t> sizes;
  for (double size = static_cast<double>(least); size <= static_cast<double>(most);
       size *= factor) {
    const auto whole = static_cast<std::int64_t>(std::llround(size));
    if (sizes.empty() || whole > sizes.back()) sizes.push_back(whole);
  }
  return sizes;
}

/// Ascending, each once; says in `notes` what that changed.
template <typename T>
void put_in_order(std::vector<T>& values, const char* option, std::vector<std::string>& notes) {
  if (!std::is_sorted(values.begin(), values.end())) {
    notes.push_back(fmt::format("{}: values are measured in ascending order", option));
    std::sort(values.begin(), values.end());
  }
  const auto end = std::unique(values.begin(), values.end());
  if (end != values.end()) {
    notes.push_back(fmt::format("{}: values that were given twice are measured once", option));
    values.erase(end, values.end());
  }
}

template <typename T>
void add_once(std::vector<T>& values, T value) {
  if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
}

constexpr CommunicationOp kFirstCopy = CommunicationOp::kCopyDeviceToDevice;

void add_ops(BenchOptions& options, const std::string& name) {
  if (name != "all" && name != "copies") {
    add_once(options.ops, communication_op_from(name));
    return;
  }
  options.every_op = true;
  for (std::size_t i = 0; i < kCommunicationOpNames.size(); ++i) {
    const auto op = static_cast<CommunicationOp>(i);
    if (name == "all" || op >= kFirstCopy) add_once(options.ops, op);
  }
}

}  // namespace

std::string_view to_string(BackendKind backend) {
  return kBackendNames[static_cast<std::size_t>(backend)];
}

std::string_view to_string(SendPattern pattern) {
  return kSendPatternNames[static_cast<std::size_t>(pattern)];
}

BenchArguments::BenchArguments(CLI::App& program) {
  raw_.stopping.min_samples = 10;
  add_what(program);
  add_ranks(program);
  add_how(program);
  add_output(program);
}

void BenchArguments::add_what(CLI::App& program) {
  constexpr const char* kGroup = "What is measured";
  program
      .add_option("--backend", backend_,
                  "nccl (GPUs) or gloo (CPUs); by default nccl where there is a GPU, else gloo")
      ->group(kGroup);
  program
      .add_option("--op", ops_,
                  fmt::format("{}; all; copies", fmt::join(kCommunicationOpNames, ", ")))
      ->delimiter(',')
      ->capture_default_str()
      ->group(kGroup);
  program
      .add_option("--pattern", pattern_,
                  "Of send_recv. pair: the first rank to the last; halves: rank i to i + W/2, all "
                  "at once; ring: to the next rank, all at once; matrix: every ordered pair, and "
                  "copies on every rank, one after the other")
      ->capture_default_str()
      ->group(kGroup);
  program.add_option("--min-bytes", min_bytes_, "Smallest size")
      ->capture_default_str()
      ->group(kGroup);
  program.add_option("--max-bytes", max_bytes_, "Largest size")
      ->capture_default_str()
      ->group(kGroup);
  program.add_option("--factor", factor_, "From one size to the next")
      ->check(CLI::Range(1.001, 1e9))
      ->capture_default_str()
      ->group(kGroup);
  program.add_option("--bytes", bytes_, "These sizes instead: 1KiB,64KiB,1e6")
      ->delimiter(',')
      ->excludes("--min-bytes")
      ->excludes("--max-bytes")
      ->excludes("--factor")
      ->group(kGroup);
  program.add_option("--dtype", types_, fmt::format("{}", fmt::join(kElementTypeNames, ", ")))
      ->delimiter(',')
      ->capture_default_str()
      ->group(kGroup);
  program
      .add_option("--placement", placement_,
                  "out-of-place, in-place or both; by default out of place where the backend can")
      ->group(kGroup);
  program
      .add_option("--group-sizes", raw_.group_sizes,
                  "Collectives among the first so many ranks; by default among all")
      ->delimiter(',')
      ->check(CLI::Range(1, 1 << 20))
      ->group(kGroup);
  program
      .add_flag("--overlap", raw_.overlap,
                "Also a matrix product while each operation runs, at the largest size: how much "
                "both slow each other down")
      ->group(kGroup);
}

void BenchArguments::add_ranks(CLI::App& program) {
  constexpr const char* kGroup = "Ranks (by default as torchrun or Slurm says)";
  program
      .add_option("--rendezvous", raw_.rendezvous,
                  "HOST:PORT where ranks meet; the process with rank 0 listens there")
      ->group(kGroup);
  program.add_option("--world-size", raw_.world_size, "Ranks in all")
      ->check(CLI::Range(1, 1 << 20))
      ->group(kGroup);
  program.add_option("--first-rank", raw_.first_rank, "The first rank of this process")
      ->check(CLI::Range(0, 1 << 20))
      ->group(kGroup);
  program
      .add_option("--local-ranks", raw_.local_ranks,
                  "Ranks of this process, as threads; by default 1 under a launcher, else one for "
                  "each GPU, with gloo 2")
      ->check(CLI::Range(1, 4096))
      ->group(kGroup);
  program
      .add_option("--timeout", raw_.timeout_s,
                  "Whatever hangs longer ends the run, which names the ranks that are missing or "
                  "stuck; seconds")
      ->check(CLI::Range(0.5, 1e6))
      ->capture_default_str()
      ->group(kGroup);
}

void BenchArguments::add_how(CLI::App& program) {
  constexpr const char* kGroup = "How it is measured";
  program.add_option("--warmup", raw_.warmup, "Operations before the first that is timed")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str()
      ->group(kGroup);
  cli::add_stopping_options(program, raw_.stopping, "each size", kGroup);
  program.add_flag("--no-verify", no_verify_, "Do not look at the values that arrive")
      ->group(kGroup);
  // Shows that verification sees errors; an empty group hides it from --help.
  program.add_option("--inject-error", raw_.inject_error, "Rank that spoils one element")
      ->check(CLI::Range(0, 1 << 20))
      ->group("");
}

void BenchArguments::add_output(CLI::App& program) {
  constexpr const char* kGroup = "Output";
  program
      .add_option("--gpu-type", raw_.gpu_type,
                  "Name of this process' GPU type in the document; by default the driver's")
      ->group(kGroup);
  program.add_option("--zone", raw_.zone, "Zone of this process' ranks")->group(kGroup);
  program
      .add_option("--interconnect", raw_.interconnect,
                  "What connects the ranks, for people: \"100 Gb/s InfiniBand\"")
      ->group(kGroup);
  program
      .add_option("-o,--output", raw_.output,
                  "Bandwidth document, written again as sizes are finished; of rank 0's process")
      ->group(kGroup);
  program.add_option("--csv", raw_.csv, "One line a size; of rank 0's process")->group(kGroup);
  program.add_flag("--json", raw_.json, "Print the document instead of a table")->group(kGroup);
}

BenchOptions BenchArguments::options() const {
  BenchOptions options = raw_;
  if (!backend_.empty()) {
    options.backend = static_cast<BackendKind>(index_of(kBackendNames, "--backend", backend_));
  }
  for (const std::string& name : ops_) add_ops(options, name);
  options.pattern = static_cast<SendPattern>(index_of(kSendPatternNames, "--pattern", pattern_));
  for (const std::string& name : types_) {
    add_once(options.types, static_cast<ElementType>(index_of(kElementTypeNames, "--dtype", name)));
  }
  if (!placement_.empty()) {
    options.placement =
        static_cast<Placement>(index_of(kPlacementNames, "--placement", placement_));
  }
  if (bytes_.empty()) {
    options.sizes = growing_sizes(whole_bytes("--min-bytes", min_bytes_),
                                  whole_bytes("--max-bytes", max_bytes_), factor_);
  }
  for (const std::string& text : bytes_) options.sizes.push_back(whole_bytes("--bytes", text));
  put_in_order(options.sizes, "--bytes", options.notes);
  put_in_order(options.group_sizes, "--group-sizes", options.notes);
  options.verify = !no_verify_;
  if (no_verify_ && options.inject_error >= 0) {
    throw_usage("--inject-error is seen by verification, which --no-verify switches off");
  }
  return options;
}

}  // namespace sextant::bench
