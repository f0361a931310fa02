#pragma once

#include <vector>

#include "analyzer/serving/simulation/request_router.h"

namespace sextant {

/// The scheduler of SWARM as Helix's artifact has it: at each node a prompt takes the next link by
/// priority, and a link's turn comes the later again the longer the node behind it has taken of
/// late (interleaved weighted round robin over times that are measured).
class SwarmRouter final : public RequestRouter {
 public:
  explicit SwarmRouter(ServingState& state);

  bool admit(int /*request*/) override { return true; }
  void enqueue(int from, int request) override;
  void send(int from) override;
  void sent(int /*link*/) override {}

 private:
  int choose(int from);
  void measure(int request);

  ServingState& state_;
  std::vector<RequestQueue> fresh_;   ///< by node: those that have no link yet
  std::vector<RequestQueue> queues_;  ///< by link
  std::vector<double> priority_;      ///< by link; least first
  std::vector<double> time_s_;        ///< by link: from its start to the end of the node's work
};

}  // namespace sextant
