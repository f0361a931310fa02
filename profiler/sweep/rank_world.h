#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "profiler/protocol/profile_request.h"
#include "ranks/rank_process.h"

namespace sextant::profiler {

/// The ranks that measure one request together. Destruction kills those that are left.
class RankWorld {
 public:
  using Clock = std::chrono::steady_clock;

  /// What happened next.
  struct Report {
    enum class Kind {
      kEvent,    ///< rank 0 said something
      kEnded,    ///< rank 0 ended without complaint, and has nothing more to say
      kDied,     ///< a rank ended otherwise, or said what is no event
      kTimeout,  ///< nothing till the deadline
      /// The user asks for an end (analyzer/core/interrupt.h): the ranks are dead, and what they
      /// had said has been reported.
      kInterrupted,
    };
    Kind kind = Kind::kEvent;
    RankEvent event;
    std::string reason;  ///< of kDied: which rank, how, and its last words; of kTimeout: those
  };

  /// Starts `size` ranks. Throws Error(kBadInput) where the system gives no process.
  RankWorld(const std::filesystem::path& program, const ProfileRequest& request, int size);

  /// Waits for what happens next.
  Report next(Clock::time_point deadline);

 private:
  bool take_event(Report& report);
  bool find_dead(Report& report);
  void wait_for_input();
  void stop();

  std::vector<std::unique_ptr<ranks::RankProcess>> ranks_;
  bool stopped_ = false;
};

/// The program that measures: `chosen` where it is not "", else sextant_profile_rank beside the
/// running program. Throws Error(kBadInput) where it is missing, with how to come by it.
std::filesystem::path find_rank_program(const std::filesystem::path& chosen);

}  // namespace sextant::profiler
