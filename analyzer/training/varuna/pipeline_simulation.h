#pragma once

#include <cstdint>
#include <vector>

namespace sextant::varuna {

/// A pipeline as the simulator sees it, microseconds.
struct SimulatedPipeline {
  std::vector<std::int64_t> forward_us;   ///< by stage, of one microbatch
  std::vector<std::int64_t> backward_us;  ///< likewise
  /// By stage but the last, of an activation to the next stage or a gradient back, before jitter.
  std::vector<std::int64_t> send_us;
  std::int64_t microbatches = 0;
};

/// When the first stage has done its last task, microseconds: 1F1B in fixed order, event by event,
/// with the published jitter.
std::int64_t simulate(const SimulatedPipeline& pipeline);

/// Microbatches times stages that are simulated at most, about a second's work.
inline constexpr std::int64_t kMostTasks = 2'000'000;

}  // namespace sextant::varuna
