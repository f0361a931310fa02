#include "analyzer/profile/step_peak.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

double step_peak_bytes(const PointDocument& point) {
  double state = 0;
  double kept = 0;     // by layers up to the present one
  double largest = 0;  // beside the state
  for (const LayerRun& run : point.sequence) {
    const LayerKindProfile& kind = point.kinds[static_cast<std::size_t>(run.kind)];
    if (!kind.training_memory) {
      throw_bad_input(
          fmt::format("{}: {} has no training_memory, which a profiler of this version "
                      "measures",
                      point.source.empty() ? point.key.text() : point.source, quote(kind.kind)));
    }
    const TrainingMemory& memory = *kind.training_memory;
    state +=
        run.count * (kind.parameter_bytes + memory.gradient_bytes + memory.optimizer_state_bytes);
    kept += run.count * kind.saved_activation_bytes;
    largest = std::max({largest, memory.update_workspace_bytes,
                        kept + kind.output_bytes + memory.forward_workspace_bytes,
                        kept + kind.output_bytes + memory.backward_workspace_bytes});
  }
  return state + largest;
}

}  // namespace sextant
