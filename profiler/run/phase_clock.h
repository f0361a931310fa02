#pragma once

#include <array>
#include <utility>
#include <vector>

#include "analyzer/measured/measured_run.h"
#include "profiler/device/device.h"

namespace sextant::profiler {

/// What a rank is at.
enum class Phase { kOther, kForward, kBackward, kReceive, kSend, kSync, kUpdate };

/// Where the time of one rank goes, in the device's own time.
class PhaseClock {
 public:
  explicit PhaseClock(DeviceClock& clock) : clock_(clock) {}

  /// A new iteration begins, in kOther.
  void begin();
  /// What was under way ends here.
  void enter(Phase phase);
  /// Seconds of the iteration, once the device has done its work.
  RankPhases phases();

 private:
  DeviceClock& clock_;
  std::vector<std::pair<Phase, int>> marks_;  ///< what began at which mark
};

/// The median of each part.
RankPhases median_phases(const std::vector<RankPhases>& iterations);

}  // namespace sextant::profiler
