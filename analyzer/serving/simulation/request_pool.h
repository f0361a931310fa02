#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyzer/serving/trace/request_trace.h"

namespace sextant {

/// No request, node or link.
inline constexpr int kNone = -1;

/// A request under way. It is one prompt and then one decode step for each output token, each of
/// which passes all layers: at any time it is in one place.
struct ActiveRequest {
  double arrival_s = 0;
  double issued_s = 0;            ///< when this iteration began at the coordinator
  double resumed_s = 0;           ///< where it starts again: when the iteration that was lost began
  double bandwidth = 0;           ///< that carries it over its link
  double sent_s = 0;              ///< when its link began to carry it
  std::uint64_t waits_since = 0;  ///< for a link: place in the order of those that wait
  int next = kNone;               ///< in the queue that holds it
  int record = 0;                 ///< index among all requests
  RequestLength length;
  int iteration = 0;      ///< 0 = the prompt
  int delivered = 0;      ///< iterations that came back to the coordinator, lost ones included
  int tokens = 0;         ///< of this iteration
  int piece = 0;          ///< of them, in the next batch
  int processed = 0;      ///< of them, on the machine where it is
  int hop = 0;            ///< links that this iteration has passed, and so the index of the next
  int cached_hops = 0;    ///< machines of its way that hold all tokens of this iteration
  int cached_tokens = 0;  ///< of this iteration on the next machine
  int expected = 0;       ///< tokens that its way was chosen for
  bool active = false;
  bool cancelled = false;  ///< preempted: starts again where it is met next
  bool resumes = false;    ///< the iteration that was lost is still to come

  bool prompt() const { return iteration == 0; }
  /// Tokens of it that the caches hold before this iteration.
  int context() const { return prompt() ? 0 : length.input_tokens + iteration - 1; }
  /// The next piece goes into the cache of the machine where it is.
  void note_cached() {
    cached_tokens += piece;
    if (cached_tokens == tokens) {
      cached_hops = hop;
      cached_tokens = 0;
    }
  }
  /// Tokens of it that the KV cache of a machine holds, which is on its way after so many others.
  int cached(int hops) const {
    return context() + (hops < cached_hops ? tokens : hops == cached_hops ? cached_tokens : 0);
  }
};

/// Requests under way by index, which is used again, and the links of their ways.
class RequestPool {
 public:
  explicit RequestPool(int longest_way) : stride_(static_cast<std::size_t>(longest_way)) {}

  int add(ActiveRequest request) {
    request.active = true;
    if (free_ == kNone) {
      requests_.push_back(request);
      ways_.resize(ways_.size() + stride_, kNone);
      return static_cast<int>(requests_.size()) - 1;
    }
    const int index = free_;
    free_ = (*this)[index].next;
    (*this)[index] = request;
    return index;
  }
  void remove(int index) {
    (*this)[index].active = false;
    (*this)[index].next = free_;
    free_ = index;
  }

  /// Indices that have been used so far.
  int size() const { return static_cast<int>(requests_.size()); }
  ActiveRequest& operator[](int index) { return requests_[static_cast<std::size_t>(index)]; }
  const ActiveRequest& operator[](int index) const {
    return requests_[static_cast<std::size_t>(index)];
  }
  /// The links that it takes, in order; as many as have been chosen.
  int* way(int index) { return ways_.data() + static_cast<std::size_t>(index) * stride_; }
  const int* way(int index) const {
    return ways_.data() + static_cast<std::size_t>(index) * stride_;
  }

 private:
  std::size_t stride_;
  std::vector<ActiveRequest> requests_;
  std::vector<int> ways_;
  int free_ = kNone;
};

/// First in, first out, linked through the requests.
struct RequestQueue {
  int first = kNone;
  int last = kNone;

  bool empty() const { return first == kNone; }
  void push(RequestPool& pool, int request) {
    pool[request].next = kNone;
    (empty() ? first : pool[last].next) = request;
    last = request;
  }
  int pop(RequestPool& pool) {
    const int request = first;
    first = pool[request].next;
    if (empty()) last = kNone;
    return request;
  }
};

}  // namespace sextant
