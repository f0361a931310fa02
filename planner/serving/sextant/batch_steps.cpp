#include <algorithm>

#include "planner/serving/sextant/batch_simulation.h"

namespace sextant {

/// Over the next link of its way.
void BatchSimulation::send(int index, double time_s) {
  Request& request = requests_[at(index)];
  Link& link = links_[at(request.way[at(request.hop++)])];
  const double tokens = request.decoded < 0 ? request.length.input_tokens : 1;
  // What goes to and from the coordinator is small: its messages are not queued.
  double sent_s = time_s + tokens * link.s_per_token;
  if (request.hop > 1 && at(request.hop) < request.way.size()) {
    sent_s = std::max(time_s, link.free_s) + tokens * link.s_per_token;
    link.free_s = sent_s;
  }
  const double arrival_s = sent_s + link.latency_s;
  if (at(request.hop) == request.way.size()) {
    const bool ends = request.decoded < 0 || request.decoded + 1 >= request.length.output_tokens;
    if (ends) {
      schedule(arrival_s, EventKind::kStepDone, index);
    } else {
      finish_step(index, arrival_s);
    }
    return;
  }
  Node& to = nodes_[at(link.to)];
  to.arriving.push_back({arrival_s, index});
  if (!to.busy && arrival_s < to.wake_s) {
    to.wake_s = arrival_s;
    schedule(arrival_s, EventKind::kWake, link.to);
  }
}

void BatchSimulation::finish_step(int index, double time_s) {
  Request& request = requests_[at(index)];
  if (time_s >= count_from_s_ && time_s < count_until_s_) {
    auto& samples = request.decoded < 0 ? prompt_latency_s_ : decode_latency_s_;
    if (!closed_) samples.push_back(static_cast<float>(time_s - request.issued_s));
    if (request.decoded >= 0) ++decoded_;
  }
  const bool prompt = request.decoded < 0;
  ++request.decoded;
  const bool ends = request.decoded >= request.length.output_tokens;
  if (ends) {
    const double used = request.length.input_tokens + request.length.output_tokens;
    for (const int way : request.way) {
      Node& node = nodes_[at(links_[at(way)].to)];
      node.kv_expected -= request.expected_tokens;
      node.kv_used -= used;
    }
    free_requests_.push_back(index);
  } else {
    request.hop = 0;
    request.issued_s = time_s;
    charge_decode(request);
    send(index, time_s);
  }
  if (closed_ && (prompt || ends)) feed(time_s);
}

}  // namespace sextant
