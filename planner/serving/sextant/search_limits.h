#pragma once

#include <chrono>
#include <cstddef>
#include <functional>

namespace sextant {

/// How long a placement search may go on, and on how many threads.
class SearchLimits {
 public:
  /// threads 0: as many as the machine has.
  SearchLimits(double time_limit_s, int threads);

  /// Whether time is over or the user asked for an end.
  bool stopped() const;
  /// Calls work(0) … work(count - 1), several at once. What they do must not depend on the order.
  /// The first exception by index is thrown on.
  void each(std::size_t count, const std::function<void(std::size_t)>& work) const;

 private:
  std::chrono::steady_clock::time_point end_;
  std::size_t threads_;
};

}  // namespace sextant
