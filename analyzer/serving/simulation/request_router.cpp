#include "analyzer/serving/simulation/request_router.h"

#include "analyzer/serving/simulation/flow_router.h"

namespace sextant {

std::unique_ptr<RequestRouter> make_request_router(ServingState& state) {
  return std::make_unique<FlowRouter>(state);
}

}  // namespace sextant
