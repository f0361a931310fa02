// What holds whatever is served: nothing is lost, nothing comes before its cause, nothing carries
// or holds more than it can, and a seed is a result.

#include <algorithm>

#include <gtest/gtest.h>

#include "analyzer/core/random.h"
#include "tests/serving/simulation/flattened_input.h"

namespace sextant {
namespace {

constexpr double kRounding = 1e-9;

/// Two to four stages of one to three machines; with `partial`, machines that begin one layer early
/// too, so that requests come in between their layers.
ServedNetwork random_network(Random& random, bool partial) {
  ServedNetwork network = chain_of_machines(1, 1, 1);
  const ServedNode model = network.nodes[0];
  network.nodes.clear();
  network.links.clear();
  const int stages = 2 + static_cast<int>(random.below(3));
  const int layers_each = 3;
  network.profiles.model.layers = stages * layers_each;
  std::vector<std::vector<int>> of_stage;
  for (int stage = 0; stage < stages; ++stage) {
    of_stage.emplace_back();
    const int machines = 1 + static_cast<int>(random.below(3));
    for (int i = 0; i < machines; ++i) {
      ServedNode node = model;
      const bool early = partial && stage > 0 && i > 0;
      node.layers = {stage * layers_each - (early ? 1 : 0), (stage + 1) * layers_each};
      node.kv_capacity_layer_tokens =
          (20000 + 1000.0 * static_cast<double>(random.below(20))) * node.layers.layers();
      of_stage.back().push_back(static_cast<int>(network.nodes.size()));
      network.nodes.push_back(node);
    }
  }
  const auto link = [&](int from, int to) {
    network.links.push_back({from, to, 0.001 * static_cast<double>(random.below(20)),
                             1e7 * static_cast<double>(1 + random.below(300)),
                             100.0 * static_cast<double>(1 + random.below(5))});
  };
  for (const int to : of_stage.front()) link(kCoordinator, to);
  for (std::size_t stage = 0; stage + 1 < of_stage.size(); ++stage) {
    for (const int from : of_stage[stage]) {
      for (const int to : of_stage[stage + 1]) link(from, to);
    }
  }
  for (const int from : of_stage.back()) link(from, kCoordinator);
  return network;
}

RequestTrace random_trace(Random& random) {
  RequestTrace trace;
  double time = 0;
  for (int i = 0; i < 60; ++i) {
    trace.push_back(
        {time, {1 + static_cast<int>(random.below(2000)), static_cast<int>(random.below(200))}});
    time += 0.01 * static_cast<double>(random.below(100));
  }
  return trace;
}

class ServingProperties : public testing::TestWithParam<RequestScheduler> {};

TEST_P(ServingProperties, HoldForRandomNetworksAndPolicies) {
  for (std::uint64_t seed = 0; seed < 24; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const ServedNetwork network = random_network(random, seed % 2 == 1);
    const RequestTrace trace = random_trace(random);
    ServingSimulationOptions options;
    options.scheduler = GetParam();
    options.duration_s = 1e5;
    options.seed = static_cast<std::uint32_t>(seed);
    constexpr OverflowPolicy kPolicies[] = {OverflowPolicy::kQueue, OverflowPolicy::kPreempt,
                                            OverflowPolicy::kReject};
    options.overflow = kPolicies[seed % 3];
    options.prefill_chunk_tokens = seed % 4 < 2 ? 0 : 300;
    options.keep_timeline = true;
    const ServingSimulationResult result = simulate_serving(network, trace, options);

    // Requests and tokens.
    ASSERT_EQ(result.requests.size(), trace.size());
    EXPECT_EQ(result.finished + result.rejected, static_cast<std::int64_t>(trace.size()));
    std::size_t decodes = 0;
    for (const ServedRequest& request : result.requests) {
      if (request.rejected) continue;
      decodes += static_cast<std::size_t>(request.length.output_tokens);
      EXPECT_GT(request.first_token_s, request.arrival_s);
      EXPECT_GE(request.end_s, request.first_token_s);
    }
    if (options.overflow != OverflowPolicy::kReject) {
      EXPECT_EQ(result.decode_latency_s.size(), decodes);
    }
    EXPECT_GT(result.finished, 0);

    // Capacities.
    for (const ServedNodeLoad& node : result.nodes) {
      EXPECT_LE(node.peak_kv_share, 1);
      EXPECT_LE(node.peak_nic_in_share, 1 + kRounding);
      EXPECT_LE(node.peak_nic_out_share, 1 + kRounding);
      EXPECT_LE(node.busy_share, 1);
    }
    for (const double share : result.link_peak_share) EXPECT_LE(share, 1 + kRounding);
    for (const double share : result.link_busy_share) EXPECT_LE(share, 1 + kRounding);

    // The timeline's samples are the means of the window, in parts.
    std::vector<double> waiting(result.nodes.size());
    std::vector<double> cached(result.nodes.size());
    constexpr double kSamples = 400;
    for (const ServedNodeSample& sample : result.samples) {
      if (sample.from_s > options.duration_s * (1 - 1e-6)) continue;
      waiting[static_cast<std::size_t>(sample.node)] += sample.waiting / kSamples;
      cached[static_cast<std::size_t>(sample.node)] += sample.kv_share / kSamples;
    }
    for (std::size_t n = 0; n < result.nodes.size(); ++n) {
      EXPECT_NEAR(waiting[n], result.nodes[n].mean_queue, 1e-9);
      EXPECT_NEAR(cached[n], result.nodes[n].mean_kv_share, 1e-9);
    }

    // A machine runs one batch at a time.
    std::vector<double> free_at(network.nodes.size(), 0);
    for (const ServedBatch& batch : result.batches) {
      double& since = free_at[static_cast<std::size_t>(batch.node)];
      EXPECT_GE(batch.start_s, since - kRounding);
      since = batch.end_s;
      EXPECT_GT(batch.prompts + batch.decodes, 0);
    }

    // The same again.
    const ServingSimulationResult again = simulate_serving(network, trace, options);
    EXPECT_EQ(again.decode_latency_s, result.decode_latency_s);
    EXPECT_EQ(again.prompt_latency_s, result.prompt_latency_s);
    EXPECT_EQ(again.events, result.events);
  }
}

INSTANTIATE_TEST_SUITE_P(Schedulers, ServingProperties,
                         testing::Values(RequestScheduler::kFlow, RequestScheduler::kSwarm,
                                         RequestScheduler::kRandom,
                                         RequestScheduler::kShortestQueue));

}  // namespace
}  // namespace sextant
