#include <algorithm>

#include "planner/serving/sextant/batch_simulation.h"

namespace sextant {

/// By interleaved weighted round robin, past machines whose KV cache is spoken for.
bool BatchSimulation::find_way(Request& request) {
  const int last = static_cast<int>(nodes_.size()) - 1;
  const double tokens = request.length.input_tokens;
  int node = last;
  do {
    Node& from = nodes_[at(node)];
    double least = kNever;
    std::size_t best = 0;
    for (std::size_t l = 0; l < from.out.size(); ++l) {
      const Link& link = links_[at(from.out[l])];
      const double load = from.out_load[l] + tokens / link.flow;
      if (load >= least) continue;
      if (link.to != last) {
        const Node& to = nodes_[at(link.to)];
        if (to.kv_capacity - to.kv_expected - request.expected_tokens <
            (1 - kv_high_water_) * to.kv_capacity) {
          continue;
        }
      }
      least = load;
      best = l;
    }
    if (least == kNever) {
      // The loads of the way so far are taken back.
      node = last;
      for (const int way : request.way) {
        Node& passed = nodes_[at(node)];
        const auto place = std::find(passed.out.begin(), passed.out.end(), way);
        passed.out_load[static_cast<std::size_t>(place - passed.out.begin())] -=
            tokens / links_[at(way)].flow;
        node = links_[at(way)].to;
      }
      return false;
    }
    from.out_load[best] = least;
    request.way.push_back(from.out[best]);
    node = links_[at(from.out[best])].to;
  } while (node != last);
  for (const int way : request.way) {
    if (links_[at(way)].to != last) {
      nodes_[at(links_[at(way)].to)].kv_expected += request.expected_tokens;
    }
  }
  return true;
}

void BatchSimulation::charge_decode(const Request& request) {
  int node = static_cast<int>(nodes_.size()) - 1;
  for (const int way : request.way) {
    Node& from = nodes_[at(node)];
    if (from.out.size() > 1) {
      const auto place = std::find(from.out.begin(), from.out.end(), way);
      from.out_load[static_cast<std::size_t>(place - from.out.begin())] += 1 / links_[at(way)].flow;
    }
    node = links_[at(way)].to;
  }
}

}  // namespace sextant
