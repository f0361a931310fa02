#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "analyzer/serving/placement.h"
#include "analyzer/serving/trace/request_trace.h"

namespace sextant {

/// Who chooses the way of a request through the network.
enum class RequestScheduler {
  kFlow,           ///< Helix: weighted round robin over a maximum flow, with an estimate of KV use
  kSwarm,          ///< by how soon the next machine has answered of late
  kRandom,         ///< any free link
  kShortestQueue,  ///< a free link to a machine that has least waiting
};
inline constexpr std::array<std::string_view, 4> kRequestSchedulerNames = {
    "flow", "swarm", "random", "shortest-queue"};

/// A fixed number of requests under way, or as many as fit: the artifact's offline load. Each is
/// of a length drawn from the recorded.
struct ClosedLoop {
  std::vector<RequestLength> lengths;
  int initial_requests = 20;      ///< issued 0.1 s apart
  bool fill_kv_cache = false;     ///< add requests while the fullest layer's cache has room
  double fullest_kv_share = 0.8;  ///< up to which requests are added
};

/// What comes in: a trace (online; all of it is served to the end), or a closed loop (offline).
using ServingLoad = std::variant<RequestTrace, ClosedLoop>;

/// What happens where the KV cache of a machine has no room for a token, or a prompt finds no way.
enum class OverflowPolicy {
  kFail,  ///< as the artifact: a full cache ends the run with an error, an offline prompt without a
          ///< way is dropped (and counted), an online one ends the run
  kQueue,    ///< a prompt waits at the coordinator until its way has room
  kPreempt,  ///< kQueue, and the youngest request on a machine whose cache is full starts again
  kReject,   ///< a request without room is rejected, and counted
};
inline constexpr std::array<std::string_view, 4> kOverflowPolicyNames = {"fail", "queue", "preempt",
                                                                         "reject"};

struct ServingSimulationOptions {
  RequestScheduler scheduler = RequestScheduler::kFlow;
  double warm_up_s = 0;
  double duration_s = 0;  ///< after it; what is done within counts
  std::uint32_t seed = 0;
  // Of scheduler kFlow.
  double kv_high_water = 0.9;  ///< share of a cache that may be planned for
  double expected_output_share =
      0.6;  ///< of kTypicalOutputTokens that a request is expected to use
  // What the artifact's model leaves out.
  OverflowPolicy overflow = OverflowPolicy::kFail;
  int max_decode_batch = std::numeric_limits<int>::max();
  int prefill_chunk_tokens = 0;  ///< longest piece of a prompt in one batch; 0 = prompts are whole
  bool context_costs = false;    ///< decode steps take longer with context
  int max_input_tokens = 0;      ///< longer ones are rejected; 0 = no limit
  bool keep_samples = true;      ///< of latencies; without, the quantiles are not there
  bool keep_timeline = false;
};

/// As Helix's artifact simulates: offline 600 s after 60 s with kv_high_water 0.85 and
/// expected_output_share 1; online 1800 s.
ServingSimulationOptions helix_offline_options(RequestScheduler scheduler);
ServingSimulationOptions helix_online_options(RequestScheduler scheduler);

/// How one request fared. Times are after the load began; negative where it did not get there.
/// first_token_s is when the coordinator knew that the prompt was through, which is what the
/// artifact calls prompt latency: its model makes all output tokens in decode steps, the first
/// among them.
struct ServedRequest {
  double arrival_s = 0;
  double first_token_s = -1;
  double end_s = -1;
  RequestLength length;
  int preemptions = 0;
  bool rejected = false;
};

struct ServedNodeLoad {
  double busy_share = 0;  ///< of the window
  double mean_queue = 0;  ///< requests that wait for a batch, over the window
  double peak_queue = 0;
  double mean_kv_share = 0;  ///< of the capacity
  double peak_kv_share = 0;
  double mean_batch = 0;  ///< requests of a batch
  double peak_nic_in_share = 0;
  double peak_nic_out_share = 0;
};

/// A layer pass of a node, for Chrome's trace viewer.
struct ServedBatch {
  int node = 0;
  double start_s = 0;
  double end_s = 0;
  int prompts = 0;
  int decodes = 0;
};

/// How full a node was from one moment on, for as long as until its next sample: means.
struct ServedNodeSample {
  int node = 0;
  double from_s = 0;
  double waiting = 0;   ///< requests that wait for a batch
  double kv_share = 0;  ///< of the KV cache's capacity
};

struct ServingSimulationResult {
  double load_s = 0;  ///< when the machines had their weights and requests began
  /// Within the window.
  double decode_tokens_per_s = 0;
  std::vector<double> prompt_latency_s;   ///< ascending: from issue to the sink, of prompts
  std::vector<double> decode_latency_s;   ///< likewise of each decode step
  std::vector<ServedRequest> requests;    ///< all, by arrival
  std::vector<ServedNodeLoad> nodes;      ///< of the network's
  std::vector<double> link_busy_share;    ///< of the network's
  std::vector<double> link_peak_share;    ///< of the bandwidth, at any time
  std::vector<ServedBatch> batches;       ///< where keep_timeline
  std::vector<ServedNodeSample> samples;  ///< likewise, by node and time, to the last batch's end
  std::int64_t finished = 0;
  std::int64_t rejected = 0;
  std::int64_t dropped = 0;  ///< offline prompts that found no way (OverflowPolicy::kFail)
  std::int64_t preempted = 0;
  std::int64_t events = 0;  ///< handled; layers of one batch that nothing can part count as one
};

/// Throws Error(kInfeasible) where the network has no way from the coordinator through all layers,
/// and as OverflowPolicy says; Error(kBadInput) on an empty load.
ServingSimulationResult simulate_serving(const ServedNetwork& network, const ServingLoad& load,
                                         const ServingSimulationOptions& options);

/// Of ascending samples: element [count * share], as the artifact counts; nothing of none.
std::optional<double> artifact_percentile(const std::vector<double>& ascending, double share);

}  // namespace sextant
