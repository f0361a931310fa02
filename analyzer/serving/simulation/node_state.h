#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/serving/placement.h"
#include "analyzer/serving/simulation/request_pool.h"

namespace sextant {

/// Requests that wait for the same layer, and what they come to.
struct LayerQueue {
  RequestQueue requests;
  int prompts = 0;
  int decodes = 0;
  std::int64_t prompt_tokens = 0;
  std::int64_t context = 0;  ///< of the decodes, tokens

  bool empty() const { return requests.empty(); }
  int count() const { return prompts + decodes; }
  void add(const ActiveRequest& request) {
    if (request.prompt()) {
      ++prompts;
      prompt_tokens += request.piece;
    } else {
      ++decodes;
      context += request.context();
    }
  }
  void push(RequestPool& pool, int request) {
    add(pool[request]);
    requests.push(pool, request);
  }
};

/// What a machine runs at once, on consecutive layers of its own.
struct NodeBatch : LayerQueue {
  int layer = 0;   ///< the first, counted from the machine's first
  int layers = 0;  ///< so many
};

/// A machine: what waits at which layer, and what runs.
struct NodeState {
  const ServedNode* node = nullptr;
  int layers = 0;
  int decode_max_requests = 0;
  /// Whether requests come in only at the first layer. Then nothing waits between the layers, and a
  /// batch runs over all of them in one go.
  bool whole_passes = true;
  bool busy = false;
  int layer = 0;                   ///< whose queue is next, counted from the first
  int waiting = 0;                 ///< requests in the queues
  std::int64_t buffered = 0;       ///< tokens received that are not yet on the GPU
  std::int64_t kv_used = 0;        ///< layer-tokens
  std::int64_t kv_promised = 0;    ///< likewise, to what the requests admitted here grow to
  std::vector<LayerQueue> queues;  ///< by layer; only the first where whole_passes
  NodeBatch batch;

  /// Goes to the next layer at which something waits, from this one on. Returns whether there is
  /// one.
  bool find_work();
  /// Whether all that waits at the current layer fits into one batch.
  bool all_fits() const;
  /// Whether a request still fits into the batch that is being put together.
  bool fits(const ActiveRequest& request) const;
  /// Starts a batch of the current layer with all that waits there.
  void take_all();
  /// Starts an empty one.
  void take_none();
  LayerQueue& current() { return queues[static_cast<std::size_t>(layer)]; }
  const LayerQueue& current() const { return queues[static_cast<std::size_t>(layer)]; }
};

}  // namespace sextant
