// What the artifact's model leaves out, each with what it changes, and input that makes no sense.

#include <algorithm>

#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "tests/serving/simulation/flattened_input.h"

namespace sextant {
namespace {

RequestTrace steady(int requests, double gap_s, RequestLength length) {
  RequestTrace trace;
  for (int i = 0; i < requests; ++i) trace.push_back({i * gap_s, length});
  return trace;
}

ServingSimulationOptions online() {
  ServingSimulationOptions options;
  options.duration_s = 1000;
  return options;
}

TEST(ServingOptions, OneRequestTakesWhatItsLayersAndLinksTake) {
  const ServingSimulationResult result =
      simulate_serving(chain_of_machines(2, 3, 10000), steady(1, 0, {1000, 2}), online());
  // Six layers of 5 ms; three links of 1 ms and 2 or 16386 bytes a token at 1 GB/s; and each
  // machine copies 16384 bytes a token over 4 and then 5 GB/s.
  const double prompt = 6 * 0.005 + 3 * 0.001 + 1000 * (2 + 16386 + 2) / 1e9 +
                        2 * 1000 * 16384.0 * (1 / 4e9 + 1 / 5e9);
  ASSERT_EQ(result.prompt_latency_s.size(), 1U);
  EXPECT_NEAR(result.prompt_latency_s[0], prompt, 1e-12);
  ASSERT_EQ(result.decode_latency_s.size(), 2U);
  const double decode =
      6 * 0.001 + 3 * 0.001 + (2 + 16386 + 2) / 1e9 + 2 * 16384.0 * (1 / 4e9 + 1 / 5e9);
  EXPECT_NEAR(result.decode_latency_s[0], decode, 1e-12);
  EXPECT_NEAR(result.requests[0].first_token_s, prompt, 1e-12);
  EXPECT_NEAR(result.requests[0].end_s, prompt + 2 * decode, 1e-12);
  EXPECT_EQ(result.load_s, 4);
}

TEST(ServingOptions, ContextCostsTime) {
  ServedNetwork network = chain_of_machines(2, 3, 10000);
  network.profiles.types[0].decode_s_per_context_token = 1e-6;
  ServingSimulationOptions options = online();
  const RequestTrace trace = steady(1, 0, {1000, 1});
  const double without = simulate_serving(network, trace, options).decode_latency_s[0];
  options.context_costs = true;
  const double with = simulate_serving(network, trace, options).decode_latency_s[0];
  EXPECT_NEAR(with - without, 6 * 1000 * 1e-6, 1e-12);
}

TEST(ServingOptions, PiecesOfPromptsLetDecodesThrough) {
  const ServedNetwork network = chain_of_machines(1, 4, 1e6);
  RequestTrace trace = steady(1, 0, {100, 400});
  for (const TracedRequest& request : steady(10, 0.3, {8000, 1})) {
    trace.push_back({request.arrival_s + 0.5, request.length});
  }
  ServingSimulationOptions options = online();
  const ServingSimulationResult whole = simulate_serving(network, trace, options);
  options.prefill_chunk_tokens = 500;
  const ServingSimulationResult pieces = simulate_serving(network, trace, options);
  EXPECT_LT(pieces.decode_latency_s.back(), 0.5 * whole.decode_latency_s.back());
  EXPECT_GT(pieces.prompt_latency_s.back(), 0.9 * whole.prompt_latency_s.back());
  EXPECT_EQ(pieces.finished, whole.finished);
}

TEST(ServingOptions, DecodeBatchesAreCapped) {
  const ServedNetwork network = chain_of_machines(1, 4, 1e6);
  ServingSimulationOptions options = online();
  options.keep_timeline = true;
  options.max_decode_batch = 3;
  const ServingSimulationResult result =
      simulate_serving(network, steady(20, 0.001, {10, 50}), options);
  int most = 0;
  for (const ServedBatch& batch : result.batches) most = std::max(most, batch.decodes);
  EXPECT_EQ(most, 3);
  EXPECT_EQ(result.finished, 20);
}

TEST(ServingOptions, LongInputsAreRejectedAndCounted) {
  ServingSimulationOptions options = online();
  options.max_input_tokens = 500;
  RequestTrace trace = steady(3, 1, {400, 5});
  trace.push_back({3, {501, 5}});
  const ServingSimulationResult result =
      simulate_serving(chain_of_machines(2, 3, 10000), trace, options);
  EXPECT_EQ(result.rejected, 1);
  EXPECT_EQ(result.finished, 3);
  EXPECT_TRUE(result.requests[3].rejected);
}

class Overflow : public testing::TestWithParam<RequestScheduler> {};

// Ten requests that grow to 1400 tokens each where there is room for 4000.
TEST_P(Overflow, IsDefined) {
  const ServedNetwork network = chain_of_machines(2, 3, 4000);
  const RequestTrace trace = steady(10, 0.01, {400, 1000});
  ServingSimulationOptions options = online();
  options.scheduler = GetParam();
  options.kv_high_water = 1;
  options.expected_output_share = 0;

  EXPECT_THROW(simulate_serving(network, trace, options), Error);

  options.overflow = OverflowPolicy::kQueue;
  const ServingSimulationResult queued = simulate_serving(network, trace, options);
  EXPECT_EQ(queued.finished, 10);
  EXPECT_EQ(queued.preempted, 0);
  EXPECT_LE(queued.nodes[0].peak_kv_share, 1);

  options.overflow = OverflowPolicy::kPreempt;
  const ServingSimulationResult preempted = simulate_serving(network, trace, options);
  EXPECT_EQ(preempted.finished, 10);
  EXPECT_GT(preempted.preempted, 0);
  EXPECT_EQ(preempted.decode_latency_s.size(), 10000U);
  EXPECT_LE(preempted.nodes[0].peak_kv_share, 1);

  options.overflow = OverflowPolicy::kReject;
  const ServingSimulationResult rejected = simulate_serving(network, trace, options);
  EXPECT_GT(rejected.rejected, 0);
  EXPECT_EQ(rejected.finished + rejected.rejected, 10);
}

INSTANTIATE_TEST_SUITE_P(Schedulers, Overflow,
                         testing::Values(RequestScheduler::kFlow, RequestScheduler::kSwarm,
                                         RequestScheduler::kRandom,
                                         RequestScheduler::kShortestQueue));

TEST(ServingOptions, ARequestThatNeverFitsIsRejectedNotWaitedFor) {
  ServingSimulationOptions options = online();
  for (const OverflowPolicy policy :
       {OverflowPolicy::kQueue, OverflowPolicy::kPreempt, OverflowPolicy::kReject}) {
    options.overflow = policy;
    const ServingSimulationResult result =
        simulate_serving(chain_of_machines(2, 3, 1000), steady(2, 1, {900, 500}), options);
    EXPECT_EQ(result.rejected, 2);
    EXPECT_EQ(result.finished, 0);
  }
}

// Of 30 equal links each has less than the share below which the artifact's scheduler drops them.
TEST(ServingOptions, FlowOverManyLinksUsesThemAll) {
  constexpr int kMachines = 30;
  ServedNetwork network = chain_of_machines(1, 3, 10000);
  const ServedNode node = network.nodes[0];
  network.nodes.assign(kMachines, node);
  network.links.clear();
  for (int i = 0; i < kMachines; ++i) {
    network.links.push_back({kCoordinator, i, 0.001, 1e9, 100});
    network.links.push_back({i, kCoordinator, 0.001, 1e9, 100});
  }
  const ServingSimulationResult result =
      simulate_serving(network, steady(kMachines, 0.001, {100, 5}), online());
  EXPECT_EQ(result.finished, kMachines);
  for (const ServedNodeLoad& load : result.nodes) EXPECT_GT(load.busy_share, 0);
}

TEST(ServingOptions, RefusesNonsense) {
  const RequestTrace trace = steady(1, 0, {10, 1});
  const auto code = [](const ServedNetwork& network, const ServingLoad& load,
                       const ServingSimulationOptions& options) {
    try {
      simulate_serving(network, load, options);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kInternal;
  };
  const ServedNetwork good = chain_of_machines(2, 3, 1000);
  EXPECT_EQ(code(good, RequestTrace{}, online()), ErrorCode::kBadInput);
  EXPECT_EQ(code(good, ClosedLoop{}, online()), ErrorCode::kBadInput);
  EXPECT_EQ(code(good, trace, ServingSimulationOptions{}), ErrorCode::kBadInput);
  ServedNetwork slow = good;
  slow.links[1].bytes_per_s = 0;
  EXPECT_EQ(code(slow, trace, online()), ErrorCode::kBadInput);
  ServedNetwork parted = good;
  parted.links.erase(parted.links.begin() + 1);
  EXPECT_EQ(code(parted, trace, online()), ErrorCode::kInfeasible);
  ServedNetwork backwards = good;
  backwards.links.push_back({1, 0, 0.001, 1e9, 1});
  EXPECT_EQ(code(backwards, trace, online()), ErrorCode::kBadInput);
}

}  // namespace
}  // namespace sextant
