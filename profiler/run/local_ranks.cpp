#include "profiler/run/local_ranks.h"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <optional>
#include <poll.h>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/interrupt.h"
#include "analyzer/core/provenance.h"
#include "analyzer/plan/rank_layout.h"
#include "ranks/board.h"
#include "ranks/rank_process.h"

namespace sextant::profiler {

using ranks::RankProcess;

namespace {

using Clock = std::chrono::steady_clock;

/// After rank 0 the others have so long to leave.
constexpr auto kGrace = std::chrono::seconds(5);

/// The place where the ranks meet is this process', as it is torchrun's under torchrun: it outlives
/// every rank, so that they can still tell each other that one is gone.
constexpr const char* kPrefix = "sextant/0/";

class LocalRanks {
 public:
  LocalRanks(const RunRequest& request, const std::vector<std::string>& arguments)
      : request_(request) {
    world_.host = "127.0.0.1";
    world_.size = request.ranks();
    world_.prefix = kPrefix;
    constexpr auto kTimeout = std::chrono::seconds(60);
    board_ = ranks::Board::open(world_, kTimeout);
    const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe");
    for (int rank = 0; rank < world_.size; ++rank) {
      processes_.push_back(std::make_unique<RankProcess>(RankProcess::Setup{
          program, arguments, environment_of(rank),
          rank == 0 ? RankProcess::Output::kInherited : RankProcess::Output::kErrors}));
    }
  }

  int wait() {
    std::optional<Clock::time_point> first_left;
    while (true) {
      bool all_ended = true;
      for (std::size_t i = 0; i < processes_.size(); ++i) {
        processes_[i]->receive();
        if (!processes_[i]->ended()) {
          all_ended = false;
        } else if (!processes_[i]->succeeded() && !failed_) {
          announce(i);
        }
      }
      if (all_ended) break;
      if (processes_.front()->ended()) {
        if (!first_left) first_left = Clock::now();
        if (Clock::now() - *first_left > kGrace) break;  // who hangs is killed with us
      }
      pass_interrupts_on();
      constexpr int kMilliseconds = 20;
      ::poll(nullptr, 0, kMilliseconds);
    }
    return exit_code();
  }

 private:
  std::vector<std::pair<std::string, std::string>> environment_of(int rank) const {
    return {{"RANK", std::to_string(rank)},
            {"LOCAL_RANK", std::to_string(rank)},
            {"WORLD_SIZE", std::to_string(world_.size)},
            {"MASTER_ADDR", world_.host},
            {"MASTER_PORT", std::to_string(world_.port)},
            {"TORCHELASTIC_USE_AGENT_STORE", "True"},
            {"TORCHELASTIC_RESTART_COUNT", "0"},
            {"OMP_NUM_THREADS", std::to_string(request_.options.threads)}};
  }

  /// Ranks run on their own when a terminal's Ctrl-C comes, so it is passed on, once.
  void pass_interrupts_on() {
    if (!interrupted() || passed_on_) return;
    passed_on_ = true;
    for (const auto& process : processes_) process->signal_with(SIGINT);
  }

  /// Tells the ranks why one of them ended, unless they know better.
  void announce(std::size_t rank) {
    const PlanToRun& plan = request_.plans.front();
    const RankLayout layout(plan.plan);
    const bool known = request_.plans.size() == 1;
    failed_ = fmt::format(
        "rank {}{} on {} {}", rank,
        known ? fmt::format(" ({})", text(layout.place(static_cast<int>(rank)), plan.plan)) : "",
        quote(host_name()), processes_[rank]->farewell());
    failed_rank_ = rank;
    try {
      measured_ = board_->look("measured").has_value();
      const ErrorCode code = measured_ ? ErrorCode::kPartial : ErrorCode::kBadInput;
      board_->set_first("end", fmt::format("{} {}", static_cast<int>(code), *failed_));
    } catch (const ranks::BoardGone&) {
    }
  }

  int exit_code() const {
    if (!failed_) return 0;
    const RankProcess& first = *processes_.front();
    // What rank 0 ended with, it has said itself.
    if (failed_rank_ != 0 || first.signal() == 0) {
      if (first.exit_code() != 0) return first.exit_code();
    }
    fmt::print(stderr, "run_plan: error: {}{}\n", *failed_,
               measured_ ? "; what was measured before is kept" : "");
    return static_cast<int>(measured_ ? ErrorCode::kPartial : ErrorCode::kBadInput);
  }

  const RunRequest& request_;
  ranks::World world_;
  std::unique_ptr<ranks::Board> board_;
  std::vector<std::unique_ptr<RankProcess>> processes_;
  std::optional<std::string> failed_;
  std::size_t failed_rank_ = 0;
  bool measured_ = false;
  bool passed_on_ = false;
};

}  // namespace

int run_as_processes(const RunRequest& request, const std::vector<std::string>& arguments) {
  return LocalRanks(request, arguments).wait();
}

}  // namespace sextant::profiler
