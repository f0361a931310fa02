#include "analyzer/training/sextant/layer_state.h"

namespace sextant {

namespace {

constexpr double kFp32Bytes = 4;

}  // namespace

double optimizer_bytes_per_parameter(const Job& job) {
  const double moments = job.optimizer == Optimizer::kAdam ? 2 : 1;
  const double master = element_bytes(job.dtype) < kFp32Bytes ? 1 : 0;
  return kFp32Bytes * (moments + master);
}

LayerState layer_state(const LayerMemory& layer, const Job& job) {
  const double parameters = layer.parameter_bytes / element_bytes(job.dtype);
  LayerState out;
  out.weights = layer.parameter_bytes;
  out.gradients = layer.training ? layer.training->gradient_bytes : layer.parameter_bytes;
  const bool measured = layer.training && job.optimizer == Optimizer::kAdam;
  out.optimizer = measured ? layer.training->optimizer_state_bytes
                           : parameters * optimizer_bytes_per_parameter(job);
  if (layer.training) {
    out.update_workspace = layer.training->update_workspace_bytes;
  } else if (element_bytes(job.dtype) < kFp32Bytes) {
    out.update_workspace = parameters * kFp32Bytes;
  }
  return out;
}

}  // namespace sextant
