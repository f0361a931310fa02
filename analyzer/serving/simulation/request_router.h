#pragma once

#include <memory>

#include "analyzer/serving/simulation/serving_state.h"

namespace sextant {

/// A scheduler of requests: chooses the links that they take, and when each is sent.
class RequestRouter {
 public:
  virtual ~RequestRouter() = default;

  /// A prompt is at the coordinator. Returns false where it finds no way.
  virtual bool admit(int request) = 0;
  /// A decode step of a request begins at the coordinator, on the way of its prompt.
  virtual void issue_decode(int /*request*/) {}
  /// A request is ready to leave a node or the coordinator.
  virtual void enqueue(int from, int request) = 0;
  /// Starts the transmissions from there that can start now.
  virtual void send(int from) = 0;
  /// A link has sent what it carried.
  virtual void sent(int link) = 0;
  /// A request is over.
  virtual void end(int /*request*/) {}
  /// Share of the fullest layer's KV caches that is planned for.
  virtual double planned_share() const { return 0; }
};

/// The scheduler that the options name.
std::unique_ptr<RequestRouter> make_request_router(ServingState& state);

}  // namespace sextant
