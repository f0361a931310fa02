#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sextant::testing {

/// Stands for CUPTI, which without a GPU does nothing: linked in its place, it hands out the
/// records of kernels that a test "launches".
struct FakeCupti {
  std::string failing_call;  ///< "cuptiSubscribe", …
  int failure = 0;           ///< what it then returns
  std::string holder;        ///< whom it names as the subscriber before
  std::uint32_t version = 0;
  std::size_t dropped = 0;  ///< records, told with the next buffer
  int subscribers = 0;
  std::vector<int> enabled;  ///< activity kinds

  /// On the calling thread; `correlation` tells launches apart.
  void launch(const char* name, std::uint64_t start, std::uint64_t end, std::uint32_t correlation);
  /// Hands over what was recorded so far, as CUPTI does when a buffer is full: of launches, and of
  /// the kernels themselves, which may still run.
  void deliver(bool with_kernels = true);
};

/// The one there is, as new.
FakeCupti& reset_fake_cupti();

}  // namespace sextant::testing
