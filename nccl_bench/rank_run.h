#pragma once

#include <memory>
#include <vector>

#include "analyzer/core/progress.h"
#include "nccl_bench/backend.h"
#include "nccl_bench/results.h"
#include "nccl_bench/sweep_plan.h"
#include "ranks/board.h"
#include "ranks/roll_call.h"
#include "ranks/supervisor.h"

namespace sextant::bench {

using ranks::Board;
using ranks::Supervisor;
using ranks::World;

/// One rank's way through the plan, in a thread of its own.
class RankRun {
 public:
  /// `results`: rank 0's, null elsewhere.
  RankRun(const BenchOptions& options, const SweepPlan& plan, const World& world, int rank,
          std::unique_ptr<Board> board, Supervisor& supervisor, Results* results);
  ~RankRun();

  /// Throws ranks::Stopped, ranks::BoardGone, Error, c10::Error.
  void run();

 private:
  bool leads() const { return rank_ == 0; }
  int device() const { return world_.first_device + rank_ - world_.first_rank; }
  std::int64_t position() const;

  void answer_the_roll();
  void run_section(const PlanSection& section, std::size_t number);
  void open_section(const PlanSection& section, std::size_t number);
  /// Hands the group's details to the leader, who enters them.
  void tell_details(const PlanSection& section, const std::string& name);
  void run_step(const SweepStep& step, std::size_t first_sweep);
  void run_overlap(const SweepStep& step);
  /// Waits until the leader begins with the unit, and begins it as the leader.
  void wait_for_turn();
  Sweep sweep_of(const SweepStep& step) const;
  void keep(std::size_t sweep, std::int64_t bytes, const std::optional<BandwidthPoint>& point,
            const std::string& failure);
  void show_progress(const SweepStep& step, std::int64_t bytes);

  const BenchOptions& options_;
  const SweepPlan& plan_;
  World world_;
  int rank_;
  std::unique_ptr<Board> board_;
  Supervisor::Seat seat_;
  Results* results_;
  std::shared_ptr<Group> group_;
  std::unique_ptr<ComputeLoad> load_;
  std::vector<BandwidthRank> ranks_;  ///< the leader's: who is there
  std::int64_t unit_ = 1;             ///< the size in the plan that is next; 0 is the roll call
  std::unique_ptr<Progress> progress_;
  std::size_t done_ = 0;
};

}  // namespace sextant::bench
