#include "analyzer/network/import/nccl_tests_run.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

struct Program {
  std::string_view name;
  std::optional<CommunicationOp> op;  ///< nothing: measured by nccl-tests, unknown to us
};
/// Longer names first where one ends another.
constexpr std::array<Program, 10> kPrograms = {
    {{"all_reduce_perf", CommunicationOp::kAllReduce},
     {"all_gather_perf", CommunicationOp::kAllGather},
     {"reduce_scatter_perf", CommunicationOp::kReduceScatter},
     {"alltoall_perf", CommunicationOp::kAllToAll},
     {"broadcast_perf", CommunicationOp::kBroadcast},
     {"sendrecv_perf", CommunicationOp::kSendRecv},
     {"hypercube_perf", std::nullopt},
     {"reduce_perf", std::nullopt},
     {"gather_perf", std::nullopt},
     {"scatter_perf", std::nullopt}}};

std::string dtype_of(const std::string& type) {
  constexpr std::array<std::array<std::string_view, 2>, 4> kNames = {
      {{"float", "fp32"}, {"half", "fp16"}, {"bfloat16", "bf16"}, {"double", "fp64"}}};
  for (const auto& [theirs, ours] : kNames) {
    if (type == theirs) return std::string(ours);
  }
  return type;
}

[[noreturn]] void refuse(const std::string& place, std::string_view expected,
                         const std::string& found) {
  throw_bad_input(fmt::format("{}: expected {}, found {}", place, expected, found));
}

CommunicationOp op_of(const NcclTestsRun& run, const ImportContext& context) {
  if (run.program.empty()) {
    if (context.op) return *context.op;
    throw_bad_input(fmt::format(
        "{}: the output does not name the operation that it measured; say it with --op, as in --op "
        "all_reduce",
        run.place));
  }
  const auto* const found =
      std::find_if(kPrograms.begin(), kPrograms.end(),
                   [&](const Program& program) { return program.name == run.program; });
  if (found == kPrograms.end() || !found->op) {
    refuse(run.place, fmt::format("one of {}", fmt::join(kCommunicationOpNames, ", ")),
           fmt::format("the output of {}", run.program));
  }
  if (context.op && *context.op != *found->op) {
    refuse(run.place, fmt::format("{}, as --op says", to_string(*context.op)),
           fmt::format("the output of {}", run.program));
  }
  return *found->op;
}

/// The ranks of the first rank's group: with NCCL_TESTS_SPLIT several groups work side by side.
std::vector<int> ranks_of(const NcclTestsRun& run) {
  std::vector<int> ranks;
  for (std::size_t i = 0; i < run.ranks.size(); ++i) {
    if (run.groups.empty() || run.groups[i] == run.groups.front()) {
      ranks.push_back(static_cast<int>(i));
    }
  }
  return ranks;
}

int world_size_of(const NcclTestsRun& run, const std::vector<int>& ranks,
                  const ImportContext& context) {
  const int found = static_cast<int>(ranks.size());
  if (!context.world_size) {
    if (ranks.empty()) {
      throw_bad_input(run.place +
                      ": the output does not list its ranks; say their number with --world-size");
    }
    return found;
  }
  if (!ranks.empty() && found != *context.world_size) {
    refuse(run.place, fmt::format("{} ranks, as --world-size says", *context.world_size),
           fmt::format("{} in its list of devices", found));
  }
  return *context.world_size;
}

LinkLevel level_of(const NcclTestsRun& run, const std::vector<int>& ranks,
                   const ImportContext& context) {
  if (context.level) return *context.level;
  if (!context.from_zone.empty()) return LinkLevel::kBetweenZones;
  std::set<std::string> hosts;
  for (const int rank : ranks) hosts.insert(run.ranks[static_cast<std::size_t>(rank)].host);
  if (ranks.empty() || hosts.count("") > 0) {
    throw_bad_input(
        run.place +
        ": the output does not say which machines its ranks ran on; give --level inside_node, "
        "between_nodes or between_zones");
  }
  return hosts.size() == 1 ? LinkLevel::kInsideNode : LinkLevel::kBetweenNodes;
}

/// The type that all of them are of, "" where they differ or it is unknown.
std::string common_gpu(const std::vector<BandwidthRank>& ranks, const std::vector<int>& chosen) {
  std::set<std::string> types;
  for (const int rank : chosen) types.insert(ranks[static_cast<std::size_t>(rank)].gpu);
  return types.size() == 1 ? *types.begin() : "";
}

/// nccl-tests prints two decimals, and old versions times of two digits ("1.8e+05").
bool agree(double printed, double derived) {
  constexpr double kRelative = 0.06;
  constexpr double kAbsolute = 0.02;
  return std::abs(printed - derived) <= kAbsolute + kRelative * std::abs(derived);
}

void check_figures(const NcclTestsRow& row, const NcclTestsFigures& figures, CommunicationOp op,
                   int world_size) {
  if (!std::isfinite(figures.time_us) || figures.time_us <= 0) {
    refuse(row.place, "a positive time in microseconds", fmt::format("{}", figures.time_us));
  }
  const double derived = row.bytes / figures.time_us / 1e3;
  constexpr double kImpossibleGbPerS = 1e5;
  if (derived > kImpossibleGbPerS) {
    refuse(row.place, "less than 100 TB/s",
           fmt::format("{:.0f} bytes in {} us", row.bytes, figures.time_us));
  }
  const double algbw = figures.algbw_gb_per_s.value_or(derived);
  if (!std::isfinite(algbw) || !agree(algbw, derived)) {
    refuse(row.place,
           fmt::format("an algorithm bandwidth near {:.2f} GB/s, since {:.0f} bytes take {} us",
                       derived, row.bytes, figures.time_us),
           fmt::format("{}", algbw));
  }
  const double expected = algbw * bus_factor(op, world_size);
  const double busbw = figures.busbw_gb_per_s.value_or(expected);
  // Figures below this have too few digits to tell operations apart.
  constexpr double kTelling = 1;
  if (!std::isfinite(busbw) || (algbw >= kTelling && !agree(busbw, expected))) {
    refuse(row.place,
           fmt::format("a bus bandwidth near {:.2f} GB/s, {:.3g} times the algorithm bandwidth as "
                       "{} of {} ranks has it",
                       expected, bus_factor(op, world_size), to_string(op), world_size),
           fmt::format("{}", busbw));
  }
}

BandwidthPoint point_of(const NcclTestsRow& row, const NcclTestsFigures& figures) {
  constexpr double kMicro = 1e-6;
  BandwidthPoint point;
  point.bytes = row.bytes;
  point.wrong = figures.wrong;
  if (figures.times_us.empty()) {
    const double mean = figures.time_us * kMicro;
    point.time = {.median_s = mean, .p10_s = mean, .p90_s = mean};
    return point;
  }
  std::vector<double> samples;
  for (const double time : figures.times_us) {
    if (!std::isfinite(time) || time <= 0) {
      refuse(row.place, "a positive time of each iteration", fmt::format("{}", time));
    }
    samples.push_back(time * kMicro);
  }
  point.time = summarize(std::move(samples));
  return point;
}

/// What distinguishes the tables of one run: it may go through several types.
struct Table {
  std::string type;
  bool in_place = false;
  Sweep sweep;
  std::string last_place;
};

class RunReader {
 public:
  RunReader(const NcclTestsRun& run, const ImportContext& context)
      : run_(run), op_(op_of(run, context)), ranks_(ranks_of(run)) {
    prototype_.op = op_;
    // sendrecv_perf: every rank sends to the next one, all at once.
    prototype_.pattern = is_collective(op_) ? SweepPattern::kWorld : SweepPattern::kRing;
    prototype_.ranks = ranks_;
    prototype_.world_size = world_size_of(run, ranks_, context);
    prototype_.level = level_of(run, ranks_, context);
    prototype_.from_zone = context.from_zone;
    prototype_.to_zone = context.to_zone;
    prototype_.interconnect = context.interconnect;
  }

  std::vector<Sweep> sweeps(const std::string& gpu) {
    prototype_.gpu = gpu;
    for (const NcclTestsRow& row : run_.rows) {
      // Sizes too small to give each rank an element come out as 0.
      if (row.bytes == 0) continue;
      check_same_reduction(row);
      if (row.out_of_place) add(row, *row.out_of_place, false);
      if (row.in_place) add(row, *row.in_place, true);
    }
    std::vector<Sweep> out;
    for (Table& table : tables_) out.push_back(std::move(table.sweep));
    if (out.empty()) {
      refuse(run_.place, "at least one measured size",
             run_.rows.empty() ? "none" : fmt::format("{} rows of size 0", run_.rows.size()));
    }
    return out;
  }

 private:
  /// A sweep has no member for the reduction or the root, so that two of them would be mistaken for
  /// each other.
  void check_same_reduction(const NcclTestsRow& row) const {
    const NcclTestsRow& first = run_.rows.front();
    if (row.redop != first.redop) {
      refuse(row.place,
             fmt::format("the reduction {} as above; import each apart (-o of nccl-tests)",
                         quote(first.redop)),
             quote(row.redop));
    }
    if (row.root != first.root) {
      refuse(row.place,
             fmt::format("the root {} as above; import each apart (-r of nccl-tests)", first.root),
             quote(row.root));
    }
  }

  void add(const NcclTestsRow& row, const NcclTestsFigures& figures, bool in_place) {
    check_figures(row, figures, op_, prototype_.world_size);
    auto table = std::find_if(tables_.begin(), tables_.end(), [&](const Table& known) {
      return known.type == row.type && known.in_place == in_place;
    });
    if (table == tables_.end()) {
      tables_.push_back({row.type, in_place, prototype_, ""});
      table = tables_.end() - 1;
      table->sweep.dtype = dtype_of(row.type);
      table->sweep.in_place = in_place;
    }
    std::vector<BandwidthPoint>& points = table->sweep.points;
    if (!points.empty() && row.bytes <= points.back().bytes) {
      const bool twice =
          std::any_of(points.begin(), points.end(),
                      [&](const BandwidthPoint& point) { return point.bytes == row.bytes; });
      refuse(row.place, "ascending sizes, each once",
             fmt::format("{:.0f} bytes {}after the {:.0f} of {}", row.bytes,
                         twice ? "for the second time, " : "", points.back().bytes,
                         table->last_place));
    }
    points.push_back(point_of(row, figures));
    table->last_place = row.place;
  }

  const NcclTestsRun& run_;
  CommunicationOp op_;
  std::vector<int> ranks_;
  Sweep prototype_;
  std::vector<Table> tables_;
};

std::vector<std::string> problems_of(const NcclTestsRun& run) {
  std::vector<std::string> problems = run.problems;
  if (!run.finished) {
    std::string text = run.place + ": the run was cut short, its summary is missing";
    if (run.max_bytes && run.rows.back().bytes < *run.max_bytes) {
      text += fmt::format("; it was to go to {:.0f} bytes and ended at {:.0f}", *run.max_bytes,
                          run.rows.back().bytes);
    }
    problems.push_back(std::move(text));
  }
  const auto empty = std::count_if(run.rows.begin(), run.rows.end(),
                                   [](const NcclTestsRow& row) { return row.bytes == 0; });
  if (empty > 0) {
    problems.push_back(fmt::format("{}: rows of size 0 are left out: {}", run.place, empty));
  }
  if (std::set<int>(run.groups.begin(), run.groups.end()).size() > 1) {
    problems.push_back(run.place +
                       ": the world was split; other groups of ranks worked at the same time");
  }
  return problems;
}

}  // namespace

std::string nccl_tests_program_in(std::string_view text) {
  for (const Program& program : kPrograms) {
    const std::size_t at = text.find(program.name);
    if (at == std::string_view::npos) continue;
    // "all_reduce_perf" must not be taken for "reduce_perf": longer names come first, and what is
    // none of ours ("my_reduce_perf") is not one of theirs.
    const bool begins = at == 0 || (text[at - 1] != '_' && text[at - 1] != '-');
    if (begins) return std::string(program.name);
  }
  return "";
}

std::string nccl_version_text(long long code) {
  constexpr long long kNewScale = 10'000;  // NCCL 2.9 and later: 2 * 10000 + 9 * 100
  const long long scale = code >= kNewScale ? kNewScale : 1000;
  return fmt::format("{}.{}.{}", code / scale, code % scale / 100, code % 100);
}

BandwidthDocument bandwidth_of(const NcclTestsRun& run, const std::string& file,
                               const ImportContext& context) {
  BandwidthDocument document;
  document.evidence = Evidence::kReplayed;
  document.tool = "nccl-tests";
  document.tool_version = run.version;
  document.backend = "nccl";
  document.source = file;
  document.ranks = run.ranks;
  for (BandwidthRank& rank : document.ranks) {
    rank.gpu = !context.gpu.empty()  ? context.gpu
               : context.gpu_type_of ? context.gpu_type_of(rank.device)
                                     : "";
  }
  const std::string gpu =
      document.ranks.empty() ? context.gpu : common_gpu(document.ranks, ranks_of(run));
  RunReader reader(run, context);
  document.sweeps = reader.sweeps(gpu);
  document.complete = run.finished;
  document.problems = problems_of(run);
  document.provenance["file"] = file;
  if (!run.nccl.empty()) document.provenance["nccl"] = run.nccl;
  if (!run.command.empty()) document.provenance["command"] = run.command;
  const bool samples = std::any_of(run.rows.begin(), run.rows.end(), [](const NcclTestsRow& row) {
    return row.out_of_place && !row.out_of_place->times_us.empty();
  });
  document.provenance["times"] = samples ? "medians of the iterations' times"
                                         : "means of the iterations, whose spread is not known";
  return document;
}

}  // namespace sextant
