#include "analyzer/serving/documents/serving_figures.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/json_document.h"
#include "analyzer/serving/documents/batch_trace.h"
#include "analyzer/serving/documents/serving_result_document.h"
#include "tests/support/schema_check.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Optional;

/// Arrives at `arrival_s`, has its first token `wait_s` later, and each of 10 more a second after
/// the last.
ServedRequest request(double arrival_s, double wait_s) {
  ServedRequest one;
  one.arrival_s = arrival_s;
  one.first_token_s = arrival_s + wait_s;
  one.end_s = one.first_token_s + 10;
  one.length = {100, 10};
  return one;
}

ServingSimulationResult result() {
  ServingSimulationResult run;
  run.decode_tokens_per_s = 3;
  run.prompt_latency_s = {1, 2, 3, 4};
  run.decode_latency_s = {0.5};
  run.requests = {request(0, 1), request(5, 2), request(10, 4), request(95, 3)};
  run.requests.emplace_back();
  run.requests.back().arrival_s = 20;
  run.requests.back().rejected = true;
  run.finished = 4;
  run.rejected = 1;
  run.nodes.resize(1);
  run.nodes[0].busy_share = 0.5;
  return run;
}

// The window is 10 to 100 s: the first token of the first two requests came before it, the last
// request ended after it.
TEST(ServingFigures, CountWhatHappensInTheWindow) {
  const ServingFigures figures = serving_figures(result(), 10, 90, {3.0, 2.0});
  EXPECT_EQ(figures.decode_tokens_per_s, 3);
  EXPECT_THAT(figures.prompt_latency_s[0], Optional(1));
  EXPECT_THAT(figures.prompt_latency_s[2], Optional(3));
  EXPECT_THAT(figures.prompt_latency_s[4], Optional(4));
  EXPECT_THAT(figures.time_to_first_token_s[0], Optional(4));
  EXPECT_THAT(figures.time_per_output_token_s[2], Optional(1));
  EXPECT_THAT(figures.end_to_end_s[0], Optional(12));
  EXPECT_DOUBLE_EQ(figures.requests_per_s, 3.0 / 90);
  EXPECT_THAT(figures.good_requests_per_s, Optional(2.0 / 90));
  EXPECT_THAT(figures.good_share, Optional(0.5));
}

TEST(ServingFigures, LeaveOutWhatNobodyHad) {
  const ServingFigures figures = serving_figures({}, 0, 10, {});
  EXPECT_FALSE(figures.prompt_latency_s[2]);
  EXPECT_FALSE(figures.end_to_end_s[0]);
  EXPECT_FALSE(figures.good_share);
}

// Of 1, 2 and 6: mean 3, standard deviation sqrt(7); t with 2 degrees of freedom is 4.302653.
TEST(ServingFigures, HaveStudentsConfidenceInterval) {
  std::vector<ServingFigures> runs(3);
  runs[0].decode_tokens_per_s = 1;
  runs[1].decode_tokens_per_s = 2;
  runs[2].decode_tokens_per_s = 6;
  runs[1].end_to_end_s[0] = 5;
  const ServingStatistics statistics = statistics_of(runs);
  EXPECT_DOUBLE_EQ(statistics.mean.decode_tokens_per_s, 3);
  EXPECT_NEAR(statistics.half_width.decode_tokens_per_s, 4.302653 * std::sqrt(7.0 / 3), 1e-5);
  EXPECT_THAT(statistics.mean.end_to_end_s[0], Optional(5));
  EXPECT_FALSE(statistics.half_width.end_to_end_s[0]);
}

ServingResultDocument result_document(std::size_t seeds) {
  ServingResultDocument document;
  document.model = "m";
  document.cluster = "c";
  document.placement = "petals";
  document.load = "online";
  document.requests = "azure_conv";
  document.tokens_per_s = 10;
  document.options.duration_s = 90;
  document.options.warm_up_s = 10;
  document.options.prefill_chunk_tokens = 512;
  document.options.max_decode_batch = 64;
  document.options.max_input_tokens = 2048;
  document.targets = {3.0, 2.0};
  document.types = {"T4"};
  document.nodes.resize(1);
  document.nodes[0].name = "n";
  document.nodes[0].layers = {0, 4};
  std::vector<std::vector<ServedNodeLoad>> loads;
  for (std::size_t s = 0; s < seeds; ++s) {
    document.seeds.push_back(static_cast<std::uint32_t>(s));
    document.runs.push_back(serving_figures(result(), 10, 90, document.targets));
    loads.push_back(result().nodes);
    loads.back()[0].busy_share += static_cast<double>(s);
  }
  document.loads = mean_loads(loads);
  return document;
}

TEST(ServingResult, IsAsItsSchemaSays) {
  for (const std::size_t seeds : {1U, 2U}) {
    const std::string text = json_text(to_json(result_document(seeds)));
    testing::SchemaCheck check("serving_result");
    EXPECT_EQ(check.problems(text), "");
  }
  const std::string one = json_text(to_json(result_document(1)));
  EXPECT_THAT(one, Not(HasSubstr("half_width_95")));
  EXPECT_THAT(one, HasSubstr("\"busy_share\": 0.5"));
  EXPECT_THAT(json_text(to_json(result_document(2))), HasSubstr("\"busy_share\": 1.0"));
}

TEST(BatchTrace, IsAFileOfTraceEvents) {
  std::vector<ServedNode> nodes(1);
  nodes[0].name = "n\"1";
  nodes[0].layers = {4, 8};
  const std::vector<ServedBatch> batches = {{0, 1.5, 1.75, 1, 0}, {0, 2, 2.125, 2, 3}};
  const std::vector<ServedNodeSample> samples = {{0, 0.5, 2.25, 0.125}};
  const std::string text = batch_trace(nodes, batches, samples, {{"model", "m"}});
  EXPECT_EQ(testing::SchemaCheck("serving_timeline").problems(text), "");
  EXPECT_THAT(text, HasSubstr("n\\\"1 layers 4 to 7"));
  EXPECT_THAT(text, HasSubstr("\"ts\":1500000.0,\"dur\":250000.0"));
  EXPECT_THAT(text, HasSubstr("2 prompts, 3 decodes"));
  EXPECT_THAT(text, HasSubstr("{\"ph\":\"C\",\"name\":\"load\",\"pid\":1,\"ts\":500000.0,"
                              "\"args\":{\"waiting\":2.25,\"kv_share\":0.125}}"));
}

}  // namespace
}  // namespace sextant
