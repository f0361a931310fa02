#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "analyzer/core/time_samples.h"
#include "nccl_bench/group.h"
#include "ranks/world.h"

namespace sextant::bench {

/// What carries the bytes.
enum class BackendKind { kNccl, kGloo };
std::string_view to_string(BackendKind backend);

/// Who sends to whom with send_recv.
enum class SendPattern { kPair, kHalves, kRing, kMatrix };
std::string_view to_string(SendPattern pattern);

/// Whether results go to a buffer of their own.
enum class Placement { kOutOfPlace, kInPlace, kBoth };

/// What the command line says, in our terms. Zero, -1 and empty mean "by default", which depends on
/// the backend or on how the ranks were started.
struct BenchOptions : ranks::MeetingOptions {
  std::optional<BackendKind> backend;
  std::vector<CommunicationOp> ops;  ///< in the order given, each once
  bool every_op = false;             ///< `--op all`: those among `ops` that the backend has
  SendPattern pattern = SendPattern::kPair;
  std::vector<std::int64_t> sizes;  ///< ascending, each once, not yet rounded to whole elements
  std::vector<ElementType> types;
  std::optional<Placement> placement;
  std::vector<int> group_sizes;  ///< ascending, each once

  int warmup = 5;
  StoppingRule stopping;
  double timeout_s = 60;
  bool verify = true;
  int inject_error = -1;  ///< the rank that spoils an element of its results; -1 = none
  bool overlap = false;

  std::string gpu_type;
  std::string zone;
  std::string interconnect;
  std::string output;
  std::string csv;
  bool json = false;

  std::string command;             ///< the command line, for provenance
  std::vector<std::string> notes;  ///< what was understood differently from what was written
};

/// Declares the options on a program; `options()` interprets them once it has parsed.
class BenchArguments {
 public:
  explicit BenchArguments(CLI::App& program);
  /// Throws Error(kUsage).
  BenchOptions options() const;

 private:
  void add_what(CLI::App& program);
  void add_ranks(CLI::App& program);
  void add_how(CLI::App& program);
  void add_output(CLI::App& program);

  BenchOptions raw_;
  std::string backend_;
  std::vector<std::string> ops_ = {"send_recv"};
  std::string pattern_ = "pair";
  std::string min_bytes_ = "1KiB";
  std::string max_bytes_ = "1GiB";
  double factor_ = 2;
  std::vector<std::string> bytes_;
  std::vector<std::string> types_ = {"fp32"};
  std::string placement_;
  bool no_verify_ = false;
};

}  // namespace sextant::bench
