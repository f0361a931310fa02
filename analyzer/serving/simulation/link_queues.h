#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "analyzer/serving/simulation/link_state.h"
#include "analyzer/serving/simulation/request_pool.h"

namespace sextant {

/// Requests that wait for their links, each of which sends one at a time.
class LinkQueues {
 public:
  explicit LinkQueues(const LinkStates& links)
      : links_(links),
        queues_(static_cast<std::size_t>(links.size())),
        ready_(static_cast<std::size_t>(links.coordinator()) + 1) {}

  void push(RequestPool& pool, int link, int request) {
    LinkQueue& queue = at(link);
    if (queue.requests.empty() && !queue.sending) ready(link).push_back(link);
    queue.requests.push(pool, request);
    pool[request].waits_since = next_++;
  }
  void sent(int link) {
    LinkQueue& queue = at(link);
    queue.sending = false;
    if (!queue.requests.empty()) ready(link).push_back(link);
  }
  /// Calls start(request, link) for the first request of each idle link from there, those that have
  /// waited longest first.
  template <typename Start>
  void send(RequestPool& pool, int from, const Start& start) {
    std::vector<int>& idle = ready_[static_cast<std::size_t>(from)];
    if (idle.size() > 1) {
      std::sort(idle.begin(), idle.end(), [&](int a, int b) {
        return pool[at(a).requests.first].waits_since < pool[at(b).requests.first].waits_since;
      });
    }
    for (const int link : idle) {
      LinkQueue& queue = at(link);
      queue.sending = true;
      start(queue.requests.pop(pool), link);
    }
    idle.clear();
  }

 private:
  struct LinkQueue {
    RequestQueue requests;
    bool sending = false;
  };

  LinkQueue& at(int link) { return queues_[static_cast<std::size_t>(link)]; }
  std::vector<int>& ready(int link) { return ready_[static_cast<std::size_t>(links_[link].from)]; }

  const LinkStates& links_;
  std::vector<LinkQueue> queues_;
  std::vector<std::vector<int>> ready_;  ///< by node: idle links with requests
  std::uint64_t next_ = 0;
};

}  // namespace sextant
