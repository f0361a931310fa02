#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "analyzer/serving/placement.h"
#include "analyzer/serving/trace/request_trace.h"

namespace sextant {

/// What is estimated of how a network serves.
struct ServiceEstimate {
  bool served = false;  ///< false: a request found no way or a KV cache overflowed
  double decode_tokens_per_s = 0;
  // Of prompts and of decode steps, from issue to the coordinator; 0 where there were none.
  double prompt_p50_s = 0;
  double prompt_p95_s = 0;
  double decode_p50_s = 0;
  double decode_p95_s = 0;
  std::int64_t dropped = 0;  ///< requests without a way, in a closed loop
};

/// Requests are added while the fullest layer's KV cache has room, as the artifact of Helix
/// (ASPLOS'25) loads its clusters offline.
struct ClosedLoopEstimate {
  int initial_requests = 20;
  double fullest_kv_share = 0.8;
  double kv_high_water = 0.85;
  double expected_output_share = 1;
  double warm_up_s = 60;
  double duration_s = 600;
};
struct OfferedEstimate {
  double kv_high_water = 0.9;
  double expected_output_share = 0.6;
};

/// A simulation of whole batches instead of single layers and messages, ten and more times as fast
/// as simulate_serving and a few per cent beside it: requests follow the network's flow by
/// interleaved weighted round robin, machines take what waits into a batch and pass it through all
/// of their layers, links send one message after the other. For networks without partial
/// inference. What it draws from lengths depends on the seed alone.
ServiceEstimate estimate_closed_loop(const ServedNetwork& network,
                                     const std::vector<RequestLength>& lengths, std::uint64_t seed,
                                     const ClosedLoopEstimate& options = {});
/// The same for requests that come in by themselves, all served to their end; steps that end
/// by the last arrival count as throughput.
ServiceEstimate estimate_offered(const ServedNetwork& network, const RequestTrace& trace,
                                 const OfferedEstimate& options = {});

}  // namespace sextant
