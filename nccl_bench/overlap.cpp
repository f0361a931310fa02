#include "nccl_bench/overlap.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <exception>
#include <thread>

namespace sextant::bench {

namespace {

using Clock = std::chrono::steady_clock;

/// Products that run one after the other until they are told to end, in a thread of their own.
class Background {
 public:
  explicit Background(ComputeLoad& load) : load_(load), thread_([this] { work(); }) {
    while (!begun_) std::this_thread::yield();
  }
  ~Background() { end(); }
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  /// Seconds of the products between the two points in time; of all where none lies between.
  std::vector<double> between(Clock::time_point begin, Clock::time_point end_time) {
    end();
    if (failure_) std::rethrow_exception(failure_);
    std::vector<double> all;
    std::vector<double> inside;
    for (const Run& run : runs_) {
      all.insert(all.end(), run.seconds.begin(), run.seconds.end());
      if (run.begin >= begin && run.end <= end_time) {
        inside.insert(inside.end(), run.seconds.begin(), run.seconds.end());
      }
    }
    return inside.empty() ? all : inside;
  }

 private:
  struct Run {
    Clock::time_point begin;
    Clock::time_point end;
    std::vector<double> seconds;
  };
  /// Queued at once, so that a GPU has no pause between them.
  static constexpr int kProductsOfARun = 4;

  void end() {
    ending_ = true;
    if (thread_.joinable()) thread_.join();
  }

  void work() {
    try {
      do {
        Run run;
        run.begin = Clock::now();
        begun_ = true;
        run.seconds = load_.run(kProductsOfARun);
        run.end = Clock::now();
        runs_.push_back(std::move(run));
      } while (!ending_);
    } catch (...) {
      failure_ = std::current_exception();
      begun_ = true;
    }
  }

  ComputeLoad& load_;
  std::vector<Run> runs_;
  std::exception_ptr failure_;
  std::atomic<bool> begun_ = false;
  std::atomic<bool> ending_ = false;
  std::thread thread_;  // the last: it uses all others
};

}  // namespace

int matrix_size_for(ComputeLoad& load, ElementType type, double seconds) {
  constexpr int kStep = 64;
  constexpr int kLargest = 16384;
  constexpr int kLargestTried = 4096;
  constexpr double kTellingSeconds = 1e-3;
  int size = 256;
  double taken = 0;
  for (;; size *= 2) {
    load.prepare(size, type);
    load.run(1);
    const std::vector<double> times = load.run(3);
    taken = *std::min_element(times.begin(), times.end());
    if (taken >= kTellingSeconds || size >= kLargestTried) break;
  }
  const double wanted = size * std::cbrt(seconds / taken);
  const double steps = std::round(std::min(wanted, double{kLargest}) / kStep);
  return kStep * std::max(1, static_cast<int>(steps));
}

OverlapTimes measure_overlap(Group& group, ComputeLoad& load, int iterations) {
  OverlapTimes times;
  times.communication_alone = group.run(iterations);
  load.run(1);
  times.compute_alone = load.run(iterations);
  Background background(load);
  const Clock::time_point begin = Clock::now();
  times.communication_together = group.run(iterations);
  times.compute_together = background.between(begin, Clock::now());
  return times;
}

}  // namespace sextant::bench
