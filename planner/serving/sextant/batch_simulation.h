#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <queue>
#include <vector>

#include "analyzer/core/random.h"
#include "planner/serving/sextant/service_estimate.h"

namespace sextant {

/// The state of estimate_closed_loop and estimate_offered. Events, loads and what is counted are in
/// batch_simulation.cpp.
class BatchSimulation {
 public:
  BatchSimulation(const ServedNetwork& network, double kv_high_water, double expected_output_share);

  ServiceEstimate run_closed_loop(const std::vector<RequestLength>& lengths, std::uint64_t seed,
                                  const ClosedLoopEstimate& options);
  ServiceEstimate run_offered(const RequestTrace& trace);

 private:
  struct Request {
    double issued_s = 0;  ///< the step under way
    RequestLength length;
    int decoded = -1;  ///< steps that are done; -1: the prompt is under way
    int hop = 0;       ///< the link of its way that it takes next
    int expected_tokens = 0;
    std::vector<int> way;  ///< links, from the coordinator back to it
  };
  struct Waiting {
    double arrival_s;
    int request;
  };
  struct Node {
    std::vector<int> out;  ///< links
    std::vector<double> out_load;
    double out_total = 0;
    std::vector<Waiting> arriving;
    std::vector<int> prompts;  ///< that have arrived, as the decodes
    std::vector<int> decodes;
    std::vector<int> batch;
    double layers = 0;
    double kv_capacity = 0;  ///< tokens of each layer, as all below
    double kv_expected = 0;
    double kv_used = 0;
    double wake_s = 0;  ///< of an idle node
    bool busy = false;
  };
  struct Link {
    int to = 0;
    double flow = 0;
    double latency_s = 0;
    double s_per_token = 0;
    double free_s = 0;
  };
  enum class EventKind { kIssue, kWake, kBatchDone, kStepDone };
  struct Event {
    double time_s;
    std::int64_t order;
    EventKind kind;
    int index;  ///< of a request or a node
    bool operator>(const Event& other) const {
      return time_s != other.time_s ? time_s > other.time_s : order > other.order;
    }
  };

  static constexpr double kNever = std::numeric_limits<double>::infinity();
  static std::size_t at(int index) { return static_cast<std::size_t>(index); }

  // The network as it is served through (batch_network.cpp).
  void set_bandwidths(const ServedNetwork& network);

  // Which links requests take (batch_routing.cpp).
  bool find_way(Request& request);
  void charge_decode(const Request& request);

  // A request's steps, from link to link (batch_steps.cpp).
  void send(int request, double time_s);
  void finish_step(int request, double time_s);

  // What a machine takes into a batch, and for how long (batch_machine.cpp).
  void start_batch(int node, double time_s);
  void finish_batch(int node, double time_s);

  void schedule(double time_s, EventKind kind, int index);
  int add_request(const RequestLength& length);
  double fullest_kv_share() const;
  void feed(double time_s);
  void run_until(double end_s);
  ServiceEstimate summary(double start_s, double end_s);

  const ServedNetwork& network_;
  double kv_high_water_;
  double expected_output_;
  std::vector<Node> nodes_;  ///< the network's, and last the coordinator
  std::vector<Link> links_;
  std::vector<double> layer_capacity_;
  std::vector<Request> requests_;
  std::vector<int> free_requests_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::int64_t order_ = 0;
  // Of a closed loop.
  bool closed_ = false;
  double fullest_kv_share_ = 0;
  const std::vector<RequestLength>* lengths_ = nullptr;
  Random random_{0};
  // What is counted, of steps that end within these times.
  double count_from_s_ = 0;
  double count_until_s_ = 0;
  bool failed_ = false;
  std::int64_t dropped_ = 0;
  std::int64_t decoded_ = 0;
  std::vector<float> prompt_latency_s_;
  std::vector<float> decode_latency_s_;
};

}  // namespace sextant
