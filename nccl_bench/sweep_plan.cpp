#include "nccl_bench/sweep_plan.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"

namespace sextant::bench {

namespace {

bool is_copy(CommunicationOp op) {
  return op >= CommunicationOp::kCopyDeviceToDevice;
}

std::vector<int> first_ranks(int count) {
  std::vector<int> ranks(static_cast<std::size_t>(count));
  std::iota(ranks.begin(), ranks.end(), 0);
  return ranks;
}

/// Rounded down to whole blocks, but at least one; each once.
std::vector<std::int64_t> whole_blocks(const std::vector<std::int64_t>& sizes, std::int64_t block) {
  std::vector<std::int64_t> out;
  for (const std::int64_t size : sizes) {
    const std::int64_t whole = std::max(size / block, std::int64_t{1}) * block;
    if (out.empty() || whole > out.back()) out.push_back(whole);
  }
  return out;
}

class Planner {
 public:
  Planner(const BenchOptions& options, BackendKind backend, int world_size)
      : options_(options), world_size_(world_size) {
    plan_.backend = backend;
  }

  SweepPlan plan() {
    plan_.sections.push_back({world_size_, {}, {}});
    for (const CommunicationOp op : ops()) {
      if (!is_collective(op)) add_links(op);
    }
    std::vector<int> sizes = options_.group_sizes;
    if (sizes.empty()) sizes = {world_size_};
    for (const int size : sizes) add_collectives(size);
    if (options_.overlap) add_overlaps();
    std::erase_if(plan_.sections, [](const PlanSection& section) { return section.steps.empty(); });
    if (plan_.sections.empty()) throw_usage("nothing is left to measure");
    return plan_;
  }

 private:
  std::vector<CommunicationOp> ops() {
    std::vector<CommunicationOp> out;
    for (const CommunicationOp op : options_.ops) {
      std::string problem;
      if (!is_offered(plan_.backend, op)) {
        problem = fmt::format("{} has no {}: its ranks know no device memory",
                              to_string(plan_.backend), to_string(op));
      } else if (plan_.backend == BackendKind::kGloo && op == CommunicationOp::kSendRecv &&
                 world_size_ == 1) {
        problem = "gloo cannot send to itself: send_recv needs 2 ranks";
      }
      if (problem.empty()) {
        out.push_back(op);
      } else if (options_.every_op) {
        plan_.notes.push_back(problem);
      } else {
        throw_usage(problem);
      }
    }
    return out;
  }

  /// In and out of place, as asked for and offered.
  std::vector<bool> placements(CommunicationOp op) const {
    const bool out = is_offered(plan_.backend, op, false);
    const bool in = is_offered(plan_.backend, op, true);
    if (!options_.placement) return {!out};
    std::vector<bool> chosen;
    if (*options_.placement != Placement::kInPlace && out) chosen.push_back(false);
    if (*options_.placement != Placement::kOutOfPlace && in) chosen.push_back(true);
    if (chosen.empty() && !options_.every_op) {
      throw_usage(fmt::format("{} has no {} {}", to_string(plan_.backend), to_string(op),
                              out ? "in place" : "out of place"));
    }
    return chosen;
  }

  void add(PlanSection& section, CommunicationOp op, SweepPattern pattern,
           const std::vector<int>& ranks) {
    for (const ElementType type : options_.types) {
      for (const bool in_place : placements(op)) {
        section.steps.push_back(
            {op, pattern, ranks, type, in_place,
             whole_blocks(options_.sizes, block_bytes(op, type, static_cast<int>(ranks.size())))});
      }
    }
  }

  void add_links(CommunicationOp op) {
    PlanSection& world = plan_.sections.front();
    const bool matrix = options_.pattern == SendPattern::kMatrix;
    if (is_copy(op)) {
      for (int rank = 0; rank < (matrix ? world_size_ : 1); ++rank) {
        add(world, op, SweepPattern::kPair, {rank});
      }
      return;
    }
    const int last = world_size_ - 1;
    if (last == 0) {
      add(world, op, SweepPattern::kPair, {0});  // to itself
    } else if (matrix) {
      for (int from = 0; from < world_size_; ++from) {
        for (int to = 0; to < world_size_; ++to) {
          if (from != to) add(world, op, SweepPattern::kPair, {from, to});
        }
      }
    } else if (options_.pattern == SendPattern::kPair) {
      add(world, op, SweepPattern::kPair, {0, last});
    } else if (options_.pattern == SendPattern::kRing) {
      add(world, op, SweepPattern::kRing, first_ranks(world_size_));
    } else {
      if (world_size_ % 2 != 0) {
        throw_usage(fmt::format("--pattern halves: {} ranks have no halves", world_size_));
      }
      add(world, op, SweepPattern::kHalves, first_ranks(world_size_));
    }
  }

  void add_collectives(int size) {
    if (size > world_size_) {
      throw_usage(fmt::format("--group-sizes: {} of {} ranks", size, world_size_));
    }
    PlanSection section{size, {}, {}};
    for (const CommunicationOp op : ops_once()) {
      if (is_collective(op)) add(section, op, SweepPattern::kWorld, first_ranks(size));
    }
    if (size == world_size_) {
      auto& steps = plan_.sections.front().steps;
      steps.insert(steps.end(), section.steps.begin(), section.steps.end());
    } else {
      plan_.sections.push_back(std::move(section));
    }
  }

  /// The same as ops(), whose notes are already taken.
  std::vector<CommunicationOp> ops_once() {
    const std::vector<std::string> notes = plan_.notes;
    std::vector<CommunicationOp> out = ops();
    plan_.notes = notes;
    return out;
  }

  /// At the largest size, once for each operation among the same ranks, in the first type that
  /// matrices are made of.
  void add_overlaps() {
    const auto is_floating = [](ElementType type) {
      return type != ElementType::kInt8 && type != ElementType::kInt32;
    };
    if (std::none_of(options_.types.begin(), options_.types.end(), is_floating)) {
      throw_usage("--overlap: matrix products need a floating-point --dtype");
    }
    for (PlanSection& section : plan_.sections) {
      for (const SweepStep& step : section.steps) {
        const bool seen = std::any_of(section.overlaps.begin(), section.overlaps.end(),
                                      [&](const SweepStep& other) { return other.op == step.op; });
        if (seen || !is_floating(step.type)) continue;
        section.overlaps.push_back(step);
        section.overlaps.back().sizes = {step.sizes.back()};
      }
    }
  }

  const BenchOptions& options_;
  int world_size_;
  SweepPlan plan_;
};

}  // namespace

bool SweepStep::has(int rank) const {
  return std::find(ranks.begin(), ranks.end(), rank) != ranks.end();
}

Operation SweepStep::operation(int rank, std::int64_t bytes) const {
  Operation operation;
  operation.op = op;
  operation.type = type;
  operation.in_place = in_place;
  operation.bytes = bytes;
  if (op != CommunicationOp::kSendRecv) return operation;
  const int size = static_cast<int>(ranks.size());
  if (pattern == SweepPattern::kPair) {
    if (rank == ranks.front()) operation.send_to = ranks.back();
    if (rank == ranks.back()) operation.receive_from = ranks.front();
  } else if (pattern == SweepPattern::kRing) {
    operation.send_to = (rank + 1) % size;
    operation.receive_from = (rank + size - 1) % size;
  } else if (rank < size / 2) {
    operation.send_to = rank + size / 2;
  } else {
    operation.receive_from = rank - size / 2;
  }
  return operation;
}

std::size_t SweepPlan::points() const {
  std::size_t count = 0;
  for (const PlanSection& section : sections) {
    for (const SweepStep& step : section.steps) count += step.sizes.size();
    count += section.overlaps.size();
  }
  return count;
}

bool is_offered(BackendKind backend, CommunicationOp op) {
  return backend == BackendKind::kNccl ||
         (op != CommunicationOp::kCopyHostToDevice && op != CommunicationOp::kCopyDeviceToHost);
}

bool is_offered(BackendKind backend, CommunicationOp op, bool in_place) {
  // What arrives would overwrite what is still to be sent.
  if (op == CommunicationOp::kSendRecv || op == CommunicationOp::kAllToAll || is_copy(op)) {
    return !in_place;
  }
  // c10d gives these one tensor.
  const bool one_buffer = op == CommunicationOp::kAllReduce || op == CommunicationOp::kBroadcast;
  return in_place || backend == BackendKind::kNccl || !one_buffer;
}

SweepPlan plan_sweeps(const BenchOptions& options, BackendKind backend, int world_size) {
  return Planner(options, backend, world_size).plan();
}

std::map<std::string, std::string> agreement(const BenchOptions& options, const SweepPlan& plan) {
  std::vector<std::string> steps;
  for (const PlanSection& section : plan.sections) {
    for (const SweepStep& step : section.steps) {
      // Every pair of a matrix would be too many words.
      std::string text =
          fmt::format("{} {} {}{} of {}", to_string(step.op), to_string(step.pattern),
                      to_string(step.type), step.in_place ? " in place" : "", step.ranks.size());
      if (steps.empty() || steps.back() != text) steps.push_back(std::move(text));
    }
  }
  return {{"backend", std::string(to_string(plan.backend))},
          {"steps", fmt::format("{}", fmt::join(steps, "; "))},
          {"pattern", std::string(to_string(options.pattern))},
          {"sizes", fmt::format("{}", fmt::join(options.sizes, ","))},
          {"warmup", std::to_string(options.warmup)},
          {"verify", options.verify ? "yes" : "no"},
          {"overlap", options.overlap ? "yes" : "no"}};
}

}  // namespace sextant::bench
