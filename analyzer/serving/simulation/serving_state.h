#pragma once

#include <vector>

#include "analyzer/core/python_random.h"
#include "analyzer/serving/simulation/event_queue.h"
#include "analyzer/serving/simulation/link_state.h"
#include "analyzer/serving/simulation/node_state.h"
#include "analyzer/serving/simulation/request_pool.h"
#include "analyzer/serving/simulation/serving_metrics.h"
#include "analyzer/serving/simulation/serving_simulation.h"

namespace sextant {

/// All that changes while requests are served, as the driver and the schedulers share it.
struct ServingState {
  ServingState(const ServedNetwork& served, const ServingSimulationOptions& chosen);

  const ServedNetwork& network;
  const ServingSimulationOptions& options;
  ServingEventQueue events;
  LinkStates links;
  std::vector<NodeState> nodes;
  RequestPool requests;
  ServingMetrics* metrics = nullptr;
  PythonRandom random;  ///< one for lengths and ways, as in the artifact

  /// Requests that wait before a node's first layer.
  int inbound(int node) const {
    const LayerQueue& queue = nodes[static_cast<std::size_t>(node)].queues.front();
    return queue.prompts + queue.decodes;
  }
  /// Starts sending a request over a link, which it occupies with so much bandwidth.
  void transmit(int request, int link, double bandwidth);
};

}  // namespace sextant
