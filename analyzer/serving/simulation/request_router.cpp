#include "analyzer/serving/simulation/request_router.h"

#include "analyzer/serving/simulation/flow_router.h"
#include "analyzer/serving/simulation/free_link_router.h"
#include "analyzer/serving/simulation/swarm_router.h"

namespace sextant {

std::unique_ptr<RequestRouter> make_request_router(ServingState& state) {
  switch (state.options.scheduler) {
    case RequestScheduler::kFlow:
      return std::make_unique<FlowRouter>(state);
    case RequestScheduler::kSwarm:
      return std::make_unique<SwarmRouter>(state);
    case RequestScheduler::kRandom:
    case RequestScheduler::kShortestQueue:
      break;
  }
  return std::make_unique<FreeLinkRouter>(state);
}

}  // namespace sextant
