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

void NodeState::take_batch(RequestPool& pool) {
  LayerQueue& queue = queues[static_cast<std::size_t>(layer)];
  LayerQueue taken;
  if (queue.prompts <= node->prompt_max_requests &&
      queue.prompt_tokens <= node->prompt_max_tokens && queue.decodes <= decode_max_requests &&
      static_cast<double>(queue.context) <= node->decode_max_context_tokens) {
    taken = std::exchange(queue, {});
  } else {
    LayerQueue left;
    const auto fits = [&](const ActiveRequest& request) {
      if (request.prompt()) {
        return taken.prompts < node->prompt_max_requests &&
               taken.prompt_tokens + request.tokens <= node->prompt_max_tokens;
      }
      return taken.decodes < decode_max_requests &&
             static_cast<double>(taken.context + request.context()) <=
                 node->decode_max_context_tokens;
    };
    while (!queue.empty()) {
      const int request = queue.requests.pop(pool);
      (fits(pool[request]) ? taken : left).push(pool, request);
    }
    queue = left;
  }
  static_cast<LayerQueue&>(batch) = taken;
  batch.layer = layer;
  batch.layers = whole_passes ? layers : 1;
}

}  // namespace sextant
