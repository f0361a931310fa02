#include "planner/serving/sextant/search_limits.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>
#include <vector>

#include "analyzer/core/interrupt.h"

namespace sextant {
namespace {

constexpr double kLongestLimit = 1e9;

}  // namespace

SearchLimits::SearchLimits(double time_limit_s, int threads)
    : end_(std::chrono::steady_clock::now() +
           std::chrono::duration_cast<std::chrono::steady_clock::duration>(
               std::chrono::duration<double>(std::min(time_limit_s, kLongestLimit)))),
      threads_(threads > 0 ? static_cast<std::size_t>(threads)
                           : std::max(1U, std::thread::hardware_concurrency())) {}

bool SearchLimits::stopped() const {
  return interrupted() || std::chrono::steady_clock::now() >= end_;
}

void SearchLimits::each(std::size_t count, const std::function<void(std::size_t)>& work) const {
  std::vector<std::exception_ptr> thrown(count);
  std::atomic<std::size_t> next{0};
  const auto take = [&] {
    for (std::size_t i = next++; i < count; i = next++) {
      try {
        work(i);
      } catch (...) {
        thrown[i] = std::current_exception();
      }
    }
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t worker = 1; worker < std::min(threads_, count); ++worker) {
      others.emplace_back(take);
    }
    take();
  }
  for (const std::exception_ptr& exception : thrown) {
    if (exception) std::rethrow_exception(exception);
  }
}

}  // namespace sextant
