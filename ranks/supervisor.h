#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "ranks/abortable.h"
#include "ranks/board.h"

namespace sextant::ranks {

/// Thrown in ranks when the run is over before its time: somebody failed, or the user asked.
struct Stopped {};

/// Thrown in ranks that all find the same reason to end.
struct AllEnd {
  std::string reason;
};

/// Why a run ended early.
struct EarlyEnd {
  int exit_code = 0;
  std::string reason;
};

/// Watches the ranks of this process, and through the board those of others: a rank that is at one
/// thing longer than the time limit, fails, or whose process dies ends the run everywhere, with a
/// message that names it. A call that hangs is told to abort, and if it still hangs the process
/// ends without it.
class Supervisor {
 public:
  /// `board` is the supervisor's own connection.
  Supervisor(const World& world, double timeout_s, std::unique_ptr<Board> board);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  /// A rank's chair: what it is doing, for those who watch.
  class Seat {
   public:
    Seat(Supervisor& supervisor, Board& board, int rank);

    /// From now on the rank does `what`, which may take as long as the time limit. `position` grows
    /// along the run, and is the same for all ranks at the same thing: the rank that is behind is
    /// the one that others wait for. Throws Stopped.
    void begin(std::int64_t position, const std::string& what);
    /// The rank has nothing to do until the others are further.
    void idle(std::int64_t position);
    /// Waits until the board has `key`. Throws Stopped.
    void wait(const std::string& key);
    /// The group that is to be aborted if the rank hangs; null: none. It is shared, since the rank
    /// may leave it, where something fails, while another thread aborts it.
    void hold(std::shared_ptr<Abortable> group);

   private:
    Supervisor& supervisor_;
    Board& board_;
    int rank_;
  };

  /// Runs `work` for each rank of this process in a thread of its own, until all are done or the
  /// run ends early. Returns false where threads hang that cannot be ended: the process must then
  /// leave by _exit.
  bool run(const std::function<void(int rank)>& work);

  /// Where the run ended early.
  std::optional<EarlyEnd> early_end() const;

  /// Ends the watch. The process that listens waits a little until the others have left.
  void leave();

 private:
  using Clock = std::chrono::steady_clock;
  /// What this process sees of an early end, before it asked the board.
  struct Trouble {
    EarlyEnd end;
    bool timed_out = false;
  };
  struct Chair {
    std::string what;
    Clock::time_point since = Clock::now();
    bool limited = false;
    bool done = false;
    std::shared_ptr<Abortable> group;
    std::string failure;
    int failure_code = 0;
  };

  Chair& chair(int rank) { return chairs_[static_cast<std::size_t>(rank - world_.first_rank)]; }
  void check() const;
  void sit(int rank, const std::string& what, bool limited);
  void work_as(int rank, const std::function<void(int)>& work);
  void end_with(EarlyEnd end);
  void abort_groups();
  std::optional<Trouble> find_trouble() const;

  void watch_board();
  std::string diagnosis(const Trouble& trouble);
  std::vector<int> dead_ranks(const std::vector<int>& first_ranks);

  World world_;
  double timeout_s_;
  std::unique_ptr<Board> board_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Chair> chairs_;
  std::optional<EarlyEnd> end_;
  std::optional<Trouble> trouble_;  ///< of this process, which the board's watcher announces
  Clock::time_point looked_ = Clock::now();  ///< when the board last answered its watcher
  bool measured_ = false;                    ///< somebody has finished a size
  bool leaving_ = false;
  std::thread watcher_;
};

}  // namespace sextant::ranks
