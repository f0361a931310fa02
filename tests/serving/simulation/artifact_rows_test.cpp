// The published figures of Helix's artifact: offline decode throughput to its printed digit and
// beyond, as recorded of another implementation of the same model; online the latencies as printed.

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/serving/simulation/flattened_input.h"
#include "tests/support/reference_data.h"

namespace sextant {
namespace {

struct Part {
  std::string input;
  int initial_requests;
};

struct Row {
  std::string name;
  RequestScheduler scheduler;
  std::vector<Part> parts;
  double decode_tokens_per_s;
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name;
}

class ArtifactRow : public testing::TestWithParam<Row> {};

TEST_P(ArtifactRow, DecodesAsRecorded) {
  const auto artifact = reference_data("helix");
  SEXTANT_NEEDS(artifact);
  const Row& row = GetParam();
  double decoded = 0;
  for (const Part& part : row.parts) {
    ClosedLoop loop;
    loop.lengths = conversation_lengths(artifact);
    loop.initial_requests = part.initial_requests;
    loop.fill_kv_cache = row.scheduler == RequestScheduler::kFlow;
    decoded += simulate_serving(flattened_input(artifact, part.input), loop,
                                helix_offline_options(row.scheduler))
                   .decode_tokens_per_s;
  }
  EXPECT_NEAR(decoded, row.decode_tokens_per_s, 2e-4);
}

constexpr auto kFlow = RequestScheduler::kFlow;
constexpr auto kSwarm = RequestScheduler::kSwarm;
constexpr auto kRandom = RequestScheduler::kRandom;

INSTANTIATE_TEST_SUITE_P(
    Offline, ArtifactRow,
    testing::Values(
        Row{"single_30b_helix",
            kFlow,
            {{"single_llama30b_helix_a100", 20},
             {"single_llama30b_helix_l4", 20},
             {"single_llama30b_helix_t4", 20}},
            339.5734},
        Row{"single_70b_helix", kFlow, {{"single_llama70b_helix", 20}}, 252.08},
        Row{"geo_70b_helix", kFlow, {{"geo_llama70b_helix", 20}}, 97.985},
        Row{"geo_70b_swarm_placement", kFlow, {{"geo_llama70b_swarmplacement", 20}}, 41.605},
        Row{"geo_70b_petals_0", kFlow, {{"geo_llama70b_petals_hashseed0", 20}}, 68.265},
        Row{"geo_70b_petals_1", kFlow, {{"geo_llama70b_petals_hashseed1", 20}}, 66.6133},
        Row{"single_30b_swarm", kSwarm, {{"single_llama30b_swarm", 50}}, 151.6317},
        Row{"geo_30b_swarm", kSwarm, {{"geo_llama30b_swarm", 60}}, 98.6917},
        Row{"single_70b_swarm", kSwarm, {{"single_llama70b_swarm", 180}}, 124.7483},
        Row{"geo_30b_separate",
            kRandom,
            {{"geo_llama30b_separate_a100", 35},
             {"geo_llama30b_separate_l4", 40},
             {"geo_llama30b_separate_t4", 40}},
            223.1867},
        Row{"scheduling_helix", kFlow, {{"geo_llama70b_request_scheduling_placement", 20}}, 99.785},
        Row{"scheduling_swarm", kSwarm, {{"geo_llama70b_request_scheduling_noflow", 180}}, 81.7317},
        Row{"scheduling_random",
            kRandom,
            {{"geo_llama70b_request_scheduling_noflow", 180}},
            87.365},
        Row{"scheduling_shortest_queue",
            RequestScheduler::kShortestQueue,
            {{"geo_llama70b_request_scheduling_noflow", 180}},
            83.595}),
    [](const auto& row) { return row.param.name; });

struct OnlinePart {
  std::string input;
  double tokens_per_s;
};

struct OnlineRow {
  std::string name;
  RequestScheduler scheduler;
  std::vector<OnlinePart> parts;
  double decode_tokens_per_s;
  std::array<double, 5> prompt_s;
  std::array<double, 5> decode_s;
};

void PrintTo(const OnlineRow& row, std::ostream* out) {
  *out << row.name;
}

class ArtifactOnlineRow : public testing::TestWithParam<OnlineRow> {};

void expect_percentiles(std::vector<double> pooled, const std::array<double, 5>& printed) {
  constexpr std::array<double, 5> kShares = {0.05, 0.25, 0.5, 0.75, 0.95};
  std::sort(pooled.begin(), pooled.end());
  for (std::size_t i = 0; i < printed.size(); ++i) {
    EXPECT_EQ(std::round(*artifact_percentile(pooled, kShares[i]) * 100) / 100, printed[i]) << i;
  }
}

TEST_P(ArtifactOnlineRow, ServesAsPrinted) {
  const auto artifact = reference_data("helix");
  SEXTANT_NEEDS(artifact);
  const OnlineRow& row = GetParam();
  const RecordedRequests recorded = read_azure_conversations(artifact);
  const ServingSimulationOptions options = helix_online_options(row.scheduler);
  double decoded = 0;
  std::vector<double> prompt_s;
  std::vector<double> decode_s;
  for (const OnlinePart& part : row.parts) {
    const ServingSimulationResult result = simulate_serving(
        flattened_input(artifact, part.input),
        recorded_trace(recorded, part.tokens_per_s, options.duration_s, 0), options);
    decoded += result.decode_tokens_per_s;
    prompt_s.insert(prompt_s.end(), result.prompt_latency_s.begin(), result.prompt_latency_s.end());
    decode_s.insert(decode_s.end(), result.decode_latency_s.begin(), result.decode_latency_s.end());
  }
  EXPECT_NEAR(decoded, row.decode_tokens_per_s, 2e-4);
  expect_percentiles(prompt_s, row.prompt_s);
  expect_percentiles(decode_s, row.decode_s);
}

INSTANTIATE_TEST_SUITE_P(Online, ArtifactOnlineRow,
                         testing::Values(OnlineRow{"single_70b_helix",
                                                   kFlow,
                                                   {{"single_llama70b_helix", 700}},
                                                   141.5678,
                                                   {0.8, 1.38, 2.64, 3.52, 4.41},
                                                   {0.56, 0.76, 0.98, 1.67, 3.19}},
                                         OnlineRow{"geo_70b_helix",
                                                   kFlow,
                                                   {{"geo_llama70b_helix", 320}},
                                                   59.3244,
                                                   {1.5, 2.63, 5.79, 7.53, 9.41},
                                                   {0.6, 0.79, 0.93, 2.34, 7.72}},
                                         OnlineRow{"geo_30b_swarm",
                                                   kSwarm,
                                                   {{"geo_llama30b_swarm", 380}},
                                                   82.1489,
                                                   {0.98, 1.82, 3.25, 5.1, 7.32},
                                                   {0.38, 0.43, 0.48, 0.53, 1.12}},
                                         OnlineRow{"single_30b_swarm",
                                                   kSwarm,
                                                   {{"single_llama30b_swarm", 450}},
                                                   104.9017,
                                                   {0.42, 0.71, 1.42, 1.75, 2.28},
                                                   {0.22, 0.25, 0.26, 0.29, 0.47}},
                                         OnlineRow{"geo_70b_separate",
                                                   kRandom,
                                                   {{"geo_llama70b_separate_a100", 1},
                                                    {"geo_llama70b_separate_l4", 120},
                                                    {"geo_llama70b_separate_t4", 60}},
                                                   33.5534,
                                                   {1.27, 2.2, 4.96, 6.02, 15.82},
                                                   {0.71, 0.97, 1.2, 1.37, 5.01}}),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace sextant
