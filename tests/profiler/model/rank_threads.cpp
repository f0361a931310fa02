#include "tests/profiler/model/rank_threads.h"

#include <ATen/core/Tensor.h>
#include <cstdlib>
#include <exception>
#include <thread>
#include <torch/csrc/distributed/c10d/HashStore.hpp>

#include "profiler/model/process_group.h"

namespace sextant::testing {

void run_ranks(int size, const std::function<void(profiler::Collectives&)>& work) {
  if (size == 1) {
    profiler::LoneShard alone(1);
    work(alone);
    return;
  }
  // LibTorch's record of recent operations is one for the process and not made for several ranks.
  ::setenv("TORCH_FR_BUFFER_SIZE", "0", /*overwrite=*/1);
  const auto store = c10::make_intrusive<c10d::HashStore>();
  std::vector<std::exception_ptr> failures(static_cast<std::size_t>(size));
  // Groups end together: one that leaves early looks to the others like one that died.
  std::vector<std::unique_ptr<profiler::Collectives>> groups(static_cast<std::size_t>(size));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank) {
    threads.emplace_back([&, rank] {
      try {
        const auto group =
            profiler::join_group(store, rank, size, at::Device(at::kCPU), std::chrono::seconds(60));
        work(*group);
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

}  // namespace sextant::testing
