#pragma once

#include <memory>
#include <vector>

#include "analyzer/serving/simulation/batch_times.h"
#include "analyzer/serving/simulation/request_router.h"
#include "analyzer/serving/simulation/serving_metrics.h"
#include "analyzer/serving/simulation/serving_state.h"

namespace sextant {

/// Plays a load through a network, event by event.
class ServingDriver {
 public:
  ServingDriver(const ServedNetwork& network, const ServingLoad& load,
                const ServingSimulationOptions& options);

  ServingSimulationResult run();

 private:
  /// Between the first requests of a closed loop, and from an end to the request that follows it.
  static constexpr double kIssueGap_s = 0.1;
  // Requests: serving_requests.cpp.
  RequestLength draw();
  int add(const RequestLength& length, double arrival);
  void arrive(const RequestLength& length, double time);
  void issue(int request);
  void enter(int request);
  void no_way(int request);
  void admit_held();
  void gather();
  void feed(bool over);
  void end(int request);
  void reject(int request);
  void release(int request);
  void restart(int request);

  // Transmissions and batches: serving_batches.cpp.
  void sent(int request);
  void received(int request);
  void run_batch(int node);
  void choose_batch(int node);
  enum class Taken { kRuns, kWaits, kGone };
  Taken take(int node, int request);
  bool make_room(int node, int request, std::int64_t needed);
  void preempt(int request);
  int youngest_on(int node) const;
  void ran(int node);
  int next_piece(const ActiveRequest& request) const;

  void handle(const ServingEvent& event);
  double now() const { return state_.events.now(); }
  ServedRequest& record(int request) {
    return result_.requests[static_cast<std::size_t>(state_.requests[request].record)];
  }
  NodeState& node_at(int node) { return state_.nodes[static_cast<std::size_t>(node)]; }
  /// Index on the way of a request of the machine where it is now.
  int place_on_way(const ActiveRequest& request) const { return request.hop - 1; }

  const ServingSimulationOptions& options_;
  const ClosedLoop* loop_;
  double load_s_;
  ServingState state_;
  std::unique_ptr<RequestRouter> router_;
  ServingMetrics metrics_;
  std::vector<BatchTimes> times_;
  RequestTrace arrivals_;  ///< in simulated time
  std::size_t next_arrival_ = 0;
  int longest_prompt_;     ///< that every machine can run, tokens
  RequestQueue held_;      ///< at the coordinator, until there is room
  RequestQueue gathered_;  ///< what came back
  int under_way_ = 0;      ///< requests that the scheduler has admitted
  int cancelled_ = 0;
  ServingSimulationResult result_;
};

}  // namespace sextant
