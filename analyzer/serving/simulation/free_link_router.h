#pragma once

#include <vector>

#include "analyzer/serving/simulation/request_router.h"

namespace sextant {

/// A prompt takes any link that is free: a random one, or, with kShortestQueue, a random one among
/// those to nodes where least waits. A decode step waits for the link of its prompt. Requests are
/// looked at in the order in which they became ready.
class FreeLinkRouter final : public RequestRouter {
 public:
  explicit FreeLinkRouter(ServingState& state);

  bool admit(int /*request*/) override { return true; }
  void enqueue(int from, int request) override;
  void send(int from) override;
  void sent(int /*link*/) override {}

 private:
  void find_free(int from);
  int least_queue(int from) const;
  int choose(int from);

  ServingState& state_;
  std::vector<RequestQueue> waiting_;  ///< by node
  std::vector<double> bandwidth_;      ///< by link: what it could use now, 0 where not free
  // Of one send, so that nothing is allocated for it.
  std::vector<int> free_;  ///< links that were free at its start
  std::vector<int> order_;
};

}  // namespace sextant
