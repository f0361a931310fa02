#pragma once

#include <chrono>
#include <cstdio>
#include <string>

namespace sextant {

/// Progress of long work on stderr: on a terminal one line that is redrawn at most ten times a
/// second, with the time left; elsewhere one plain line for each step that is announced. Silent
/// when `enabled` is false.
class Progress {
 public:
  /// `total` steps; 0 where the number is not known.
  Progress(std::string title, std::size_t total, bool enabled = true);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` steps are finished; `what` names the last one.
  void update(std::size_t done, const std::string& what);

 private:
  using Clock = std::chrono::steady_clock;

  std::string title_;
  std::size_t total_;
  bool enabled_;
  bool terminal_;
  bool drawn_ = false;
  Clock::time_point start_;
  Clock::time_point last_draw_;
};

}  // namespace sextant
