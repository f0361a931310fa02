#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "analyzer/core/progress.h"
#include "profiler/device/device.h"
#include "profiler/run/run_results.h"
#include "profiler/run/stage_worker.h"
#include "profiler/sweep/machine.h"
#include "ranks/board.h"
#include "ranks/roll_call.h"
#include "ranks/supervisor.h"

namespace sextant::profiler {

/// One rank's way through the rounds: in each round every plan that has the rank, one after the
/// other, with the same processes. Runs in a thread of its own.
class RankRun {
 public:
  /// `results`: rank 0's, null elsewhere.
  RankRun(const RunRequest& request, const Machine& machine, const ranks::World& world,
          std::unique_ptr<ranks::Board> board, ranks::Supervisor& supervisor, RunResults* results);
  ~RankRun();

  /// Throws ranks::Stopped, ranks::AllEnd, ranks::BoardGone, Error, c10::Error.
  void run();

 private:
  using Clock = std::chrono::steady_clock;
  /// What this rank measured of a plan, over all rounds.
  struct OwnResult {
    std::vector<RankPhases> phases;
    double peak_allocated_bytes = 0;
    double peak_reserved_bytes = 0;
  };
  /// A plan that is running.
  struct Running {
    std::size_t plan = 0;
    int round = 0;
    const RankLayout& layout;
    PlanWorld& world;
    StageWorker& worker;
    PhaseClock& clock;
    std::string as;  ///< "of plan NAME as stage 1", for messages
  };

  bool leads() const { return world_.first_rank == 0; }
  std::int64_t position() const;
  void open_device();
  void answer_the_roll();
  void describe_results();
  void wait_for_turn();
  void run_plan(std::size_t plan, int round);
  void run_iterations(const Running& running);
  void run_iteration(const Running& running, int iteration);
  void keep_iteration(const Running& running, int iteration, double seconds, double loss);
  void show_progress(const Running& running, int iteration);
  /// Leaves this rank's figures for rank 0.
  void tell(const Running& running);
  /// Rank 0's: takes what the ranks have left.
  void hear(std::size_t plan, const RankLayout& layout);

  const RunRequest& request_;
  const Machine& machine_;
  ranks::World world_;
  int rank_;
  std::unique_ptr<ranks::Board> board_;
  ranks::Supervisor::Seat seat_;
  RunResults* results_;
  std::unique_ptr<Device> device_;
  std::vector<OwnResult> own_;
  bool one_host_ = true;   ///< rank 0's: whether all ranks read the same clock
  std::int64_t unit_ = 0;  ///< rounds times plans that were begun; 0 is the roll call
  Clock::time_point told_{};
  Clock::time_point written_{};
  Clock::time_point shown_{};
  std::unique_ptr<Progress> progress_;
  std::size_t done_ = 0;
};

}  // namespace sextant::profiler
