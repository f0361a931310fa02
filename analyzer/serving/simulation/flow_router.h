#pragma once

#include <vector>

#include "analyzer/serving/simulation/link_queues.h"
#include "analyzer/serving/simulation/request_router.h"

namespace sextant {

/// Helix's scheduler: at the coordinator a prompt gets its whole way, at each node over the link
/// whose load relative to its share of the maximum flow is least (interleaved weighted round
/// robin), among those to nodes whose KV cache is expected to have room. Spec: Helix (ASPLOS'25),
/// section 5, and its artifact.
class FlowRouter final : public RequestRouter {
 public:
  explicit FlowRouter(ServingState& state);

  bool admit(int request) override;
  void issue_decode(int request) override;
  void enqueue(int from, int request) override;
  void send(int from) override;
  void sent(int link) override { queues_.sent(link); }
  void end(int request) override;
  double planned_share() const override;

 private:
  struct Share {
    double flow = 0;  ///< tokens per second; 0 where too little to be used
    double load = 0;
    double bandwidth = 0;  ///< bytes/s that it always has
  };

  int choose(int from, const ActiveRequest& request) const;
  void plan(int request, int sign);

  ServingState& state_;
  LinkQueues queues_;
  std::vector<Share> shares_;    ///< by link
  std::vector<double> planned_;  ///< by node: what its KV cache still has for planning
};

/// Bytes per second that each link gets of itself and of the NICs at its ends, which are shared out
/// by flow (spec: Helix's artifact); whole numbers. Of LinkStates' links.
std::vector<double> flow_bandwidths(const ServedNetwork& network, const LinkStates& links);

}  // namespace sextant
