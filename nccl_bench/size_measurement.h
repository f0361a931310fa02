#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nccl_bench/backend.h"
#include "nccl_bench/sweep_plan.h"
#include "ranks/board.h"
#include "ranks/supervisor.h"

namespace sextant::bench {

using ranks::Board;
using ranks::Supervisor;

/// A rank's positions (Supervisor::Seat) within one size of the plan; there cannot be more batches.
inline constexpr std::int64_t kPositionsOfASize = 1'000'000'000;

/// One size of a step, as one rank sees it. Rank 0 leads, whether it takes part or not: it hears
/// from those who do, and says what comes next, so that all do the same number of operations.
class SizeMeasurement {
 public:
  struct Setting {
    const BenchOptions& options;
    const SweepStep& step;
    std::int64_t bytes = 0;
    std::int64_t unit = 0;   ///< the size's number in the plan
    int rank = 0;            ///< of the world
    Group* group = nullptr;  ///< null where this rank only leads
    ComputeLoad* load = nullptr;
  };
  SizeMeasurement(const Setting& setting, Board& board, Supervisor::Seat& seat);

  /// What rank 0 learns; nothing elsewhere.
  struct Point {
    BandwidthPoint point;
    std::string failure;  ///< why there is no point; "" = there is one
  };
  std::optional<Point> measure();

  struct Overlap {
    OverlapMeasurement measurement;
    std::string failure;
  };
  std::optional<Overlap> measure_overlap();

 private:
  bool leads() const { return setting_.rank == 0; }
  bool takes_part() const { return setting_.group != nullptr; }
  void begin(std::int64_t phase, const std::string& what);
  std::string key(const std::string& name) const;

  /// What the leader says under `name`, which it makes from what others say.
  std::string said_by_leader(const std::string& name);
  void say_as_leader(const std::string& name, const std::string& text);
  /// When all have answered to the last of it.
  void forget_what_was_said();
  void answer(const std::string& name, const std::string& text);
  /// The leader's: one answer of each rank that takes part.
  std::vector<std::string> answers(const std::string& name);

  /// "" where buffers are ready everywhere, else why not.
  std::string prepare();
  void warm_up();
  std::int64_t count_wrong(int round);
  /// Sampling until the leader has enough; on the leader with each operation's largest time and
  /// the difference to the smallest.
  struct Samples {
    std::vector<double> slowest;
    std::vector<double> skew;
    std::string unmet;
  };
  Samples sample();

  Setting setting_;
  Board& board_;
  Supervisor::Seat& seat_;
  std::string text_;
  std::int64_t phase_ = 0;
  std::vector<std::string> said_;  ///< the leader's keys, to be removed
};

}  // namespace sextant::bench
