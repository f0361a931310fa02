#include "analyzer/serving/simulation/node_state.h"

#include <utility>

namespace sextant {

bool NodeState::find_work() {
  const int count = static_cast<int>(queues.size());
  for (int step = 0; step < count; ++step) {
    const int at = layer + step < count ? layer + step : layer + step - count;
    if (!queues[static_cast<std::size_t>(at)].empty()) {
      layer = at;
      return true;
    }
  }
  return false;
}

bool NodeState::all_fits() const {
  const LayerQueue& queue = current();
  return queue.prompts <= node->prompt_max_requests &&
         queue.prompt_tokens <= node->prompt_max_tokens && queue.decodes <= decode_max_requests &&
         static_cast<double>(queue.context) <= node->decode_max_context_tokens;
}

bool NodeState::fits(const ActiveRequest& request) const {
  if (request.prompt()) {
    return batch.prompts < node->prompt_max_requests &&
           batch.prompt_tokens + request.piece <= node->prompt_max_tokens;
  }
  return batch.decodes < decode_max_requests &&
         static_cast<double>(batch.context + request.context()) <= node->decode_max_context_tokens;
}

void NodeState::take_none() {
  batch = NodeBatch{};
  batch.layer = layer;
  batch.layers = whole_passes ? layers : 1;
}

void NodeState::take_all() {
  take_none();
  static_cast<LayerQueue&>(batch) = std::exchange(current(), {});
}

}  // namespace sextant
