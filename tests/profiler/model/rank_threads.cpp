#include "tests/profiler/model/rank_threads.h"

#include <ATen/core/Tensor.h>
#include <cstdlib>
#include <exception>
#include <map>
#include <thread>
#include <torch/csrc/distributed/c10d/HashStore.hpp>

#include "profiler/model/process_group.h"

namespace sextant::testing {

namespace {

using Group = std::vector<std::unique_ptr<profiler::Collectives>>;

/// work(rank) on a thread for each rank; the first exception is thrown again.
void on_threads(int size, const std::function<void(int)>& work) {
  std::vector<std::exception_ptr> failures(static_cast<std::size_t>(size));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank) {
    threads.emplace_back([&, rank] {
      try {
        work(rank);
      } catch (...) {
        failures[static_cast<std::size_t>(rank)] = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

Group make_group(int size) {
  // LibTorch's record of recent operations is one for the process and not made for several ranks.
  ::setenv("TORCH_FR_BUFFER_SIZE", "0", /*overwrite=*/1);
  const auto store = c10::make_intrusive<c10d::HashStore>();
  Group group(static_cast<std::size_t>(size));
  on_threads(size, [&](int rank) {
    group[static_cast<std::size_t>(rank)] =
        profiler::join_group(store, rank, size, at::Device(at::kCPU), std::chrono::seconds(60));
  });
  return group;
}

}  // namespace

void run_ranks(int size, const std::function<void(profiler::Collectives&)>& work) {
  if (size == 1) {
    profiler::LoneShard alone(1);
    work(alone);
    return;
  }
  // One for all tests, and never ended: where groups come and go, now and then one closes another's
  // connection (seen with LibTorch 2.11).
  static auto& groups = *new std::map<int, Group>;
  if (!groups.contains(size)) groups.emplace(size, make_group(size));
  const Group& group = groups.at(size);
  on_threads(size, [&](int rank) { work(*group[static_cast<std::size_t>(rank)]); });
}

}  // namespace sextant::testing
