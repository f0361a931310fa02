// Helix's experiments again: what is read of the artifact, and rows against its published figures.
#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "reproduce/helix_artifact.h"
#include "reproduce/helix_experiment.h"
#include "reproduce/helix_flattened.h"
#include "reproduce/helix_loads.h"
#include "reproduce/helix_methods.h"
#include "reproduce/helix_published.h"
#include "reproduce/helix_report.h"
#include "reproduce/helix_separate.h"
#include "reproduce/helix_simulation.h"
#include "tests/support/reference_data.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const HelixExperiment& experiment_named(const std::string& name) {
  for (const HelixExperiment& one : helix_experiment_list()) {
    if (one.name == name) return one;
  }
  throw std::runtime_error("no experiment " + name);
}

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(HelixExperiments, AreThoseOfTheArtifact) {
  std::vector<std::string> names;
  for (const HelixExperiment& one : helix_experiment_list()) names.push_back(one.name);
  EXPECT_THAT(names,
              ::testing::UnorderedElementsAre(
                  "single/llama30b/offline", "single/llama30b/online", "single/llama70b/offline",
                  "single/llama70b/online", "geo/llama30b/offline", "geo/llama30b/online",
                  "geo/llama70b/offline", "geo/llama70b/online", "geo/llama70b/model_placement",
                  "geo/llama70b/request_scheduling", "highhet/llama70b/offline",
                  "highhet/llama70b/online"));
}

TEST(HelixLoads, AreOfferedBySystem) {
  const HelixExperiment& small = experiment_named("single/llama30b/online");
  EXPECT_EQ(helix_load(small, "helix", "L4").tokens_per_s, 200);
  EXPECT_EQ(helix_load(small, "swarm").initial_requests, 50);
  EXPECT_EQ(helix_offered_tokens_per_s(small), 600 + 200 + 170);
  EXPECT_EQ(helix_offered_tokens_per_s(experiment_named("geo/llama70b/online")), 320);
  EXPECT_THAT(message_of([&] { helix_load(small, "helix"); }), HasSubstr("no load of helix"));
}

TEST(HelixPublishedFigures, AreReadFromTheArtifact) {
  const auto data = reference_data("helix");
  SEXTANT_NEEDS(data);
  const auto online = read_helix_published(data, experiment_named("single/llama70b/online"));
  ASSERT_EQ(online.size(), 3U);
  for (const HelixPublished& one : online) {
    ASSERT_TRUE(one.prompt_latency_s && one.decode_latency_s);
    EXPECT_LT(one.prompt_latency_s->front(), one.prompt_latency_s->back());
  }
  const auto offline = read_helix_published(data, experiment_named("geo/llama30b/offline"));
  ASSERT_EQ(offline.size(), 3U);
  EXPECT_FALSE(offline[0].prompt_latency_s);
  const auto schedulers =
      read_helix_published(data, experiment_named("geo/llama70b/request_scheduling"));
  ASSERT_EQ(schedulers.size(), 4U);
  EXPECT_EQ(schedulers[3].method, "shortest-queue");
  EXPECT_EQ(schedulers[3].decode_tokens_per_s, 83.6);
  EXPECT_TRUE(read_helix_published(data, experiment_named("highhet/llama70b/online")).empty());
}

TEST(HelixPublishedFigures, AreMetToThePrintedDigit) {
  const LatencyPercentiles published = {0.1, 0.17, 0.43, 0.99, 2.95};
  LatencyPercentiles ours = {0.1049, 0.165, 0.43, 0.985, 2.956};  // the last rounds to 2.96
  const HelixPublished record = {"helix", 252.1, published, published};
  HelixAgreement met = agreement(record, 252.08, ours, published);
  EXPECT_EQ(met.figures, 11);
  EXPECT_EQ(met.equal, 10);
  met = agreement({"helix", 252.1, std::nullopt, std::nullopt}, 252.16, ours, ours);
  EXPECT_EQ(met.figures, 1);
  EXPECT_EQ(met.equal, 0);
}

/// Two machines of one type, and profiles of it, for a flattened input.
struct FlattenedCase {
  FlattenedCase() {
    profiles.model = {"m", 4, 1e9, 2, 100};
    MachineType type;
    type.name = "A";
    type.max_layers = 4;
    type.kv_blocks = {0, 40, 30, 20, 10};
    type.prompt_max_requests = {0, 1, 1, 1, 1};
    type.decode_max_requests = {0, 9, 9, 9, 9};
    type.nic_in_bytes_per_s = 7;
    profiles.types = {type};
    cluster.machines = {{"one", "A"}, {"two", "A"}};
    cluster.coordinator_out_bytes_per_s = 5;
  }
  ServedNetwork read(const std::string& nodes_and_links) const {
    const TemporaryFolder folder;
    return read_flattened_network(
        folder.write("input.txt", "7 4 100 2 12.5\n1\nA 1 2\n0 0\n0 0 1 0.5\n" + nodes_and_links),
        cluster, profiles);
  }
  ServingProfiles profiles;
  ServingCluster cluster;
};

TEST(HelixFlattenedInput, IsANetworkWithItsFlow) {
  const ServedNetwork network = FlattenedCase().read(
      "2\n3 0 0 1 640 1 2048 9000 9\n2 0 1 4 960 1 2048 9000 9\n"
      "3\n0 3 0.01 1e9 12.5 3.0\n3 2 0.001 2e9 12.5 2.0\n2 1 0.01 1e9 12.5 1.0\n");
  ASSERT_EQ(network.nodes.size(), 2U);
  EXPECT_EQ(network.nodes[0].name, "compute_node_3");
  EXPECT_EQ(network.nodes[0].machine, 1);
  EXPECT_EQ(network.nodes[0].layers, (LayerInterval{0, 1}));
  EXPECT_EQ(network.nodes[1].kv_capacity_layer_tokens, 960);
  EXPECT_EQ(network.nodes[1].nic_in_bytes_per_s, 7);
  EXPECT_EQ(network.coordinator_out_bytes_per_s, 5);
  ASSERT_EQ(network.links.size(), 3U);
  EXPECT_EQ(network.links[0].from, kCoordinator);
  EXPECT_EQ(network.links[0].to, 0);
  EXPECT_EQ(network.links[1].to, 1);
  EXPECT_EQ(network.links[1].bytes_per_s, 2e9);
  EXPECT_EQ(network.links[2].to, kCoordinator);
  EXPECT_EQ(network.links[2].flow_tokens_per_s, 12.5);
}

TEST(HelixFlattenedInput, SaysWhatIsWrong) {
  const FlattenedCase flattened;
  for (const auto& [text, expected] : std::map<std::string, std::string>{
           {"", "number of nodes, found the end of the file"},
           {"3\n", "number of nodes from 1 to 2, found 3"},
           {"1\n9 0", "node from 2 to 3, found 9"},
           {"1\n2 1", "machine type from 0 to 0, found 1"},
           {"1\n2 0 2 2", "end of layers from 3 to 4, found 2"},
           {"1\n2 0 0 4 nan", "capacity of the KV cache, found \"nan\""},
           {"1\n2 0 0 4 960 1 2048 9000 9\n1\n0 3", "a node that serves, found 3"},
           {"1\n2 0 0 4 960 1 2048 9000 9\n1\n0 2 0.1", "bandwidth, found the end of the file"}}) {
    EXPECT_THAT(message_of([&, input = text] { flattened.read(input); }),
                ::testing::AllOf(HasSubstr("input.txt: word "), HasSubstr(expected)));
  }
}

// Where machines hold more layers than their profile has.
TEST(HelixPipelines, HaveTheCachesThatWereRecordedOrFollow) {
  const auto data = reference_data("helix");
  SEXTANT_NEEDS(data);
  const HelixArtifact artifact(data, experiment_named("highhet/llama70b/offline"));
  const ServedNetwork l4 = helix_pipeline(artifact, {"L4"});
  ASSERT_EQ(l4.nodes.size(), 8U);
  EXPECT_EQ(l4.nodes[0].layers, (LayerInterval{0, 10}));
  EXPECT_EQ(l4.nodes[7].layers, (LayerInterval{70, 80}));
  EXPECT_EQ(l4.nodes[0].kv_capacity_layer_tokens, 593600);
  const ServedNetwork mixed = helix_pipeline(artifact, {"V100", "T4"});
  ASSERT_EQ(mixed.nodes.size(), 16U);
  double least = 1e18;
  for (const ServedNode& node : mixed.nodes) {
    EXPECT_EQ(node.layers.layers(), 5);
    least = std::min(least, node.kv_capacity_layer_tokens);
  }
  // T4: 1,124,224 with 4 layers, 1,577,856 with 3.
  EXPECT_EQ(least, 1124224 - (1577856 - 1124224));
  EXPECT_THAT(message_of([&] { helix_pipeline(artifact, {"T4"}); }), HasSubstr("no KV cache"));
}

/// Rows of an experiment with these methods only.
std::map<std::string, HelixRow> rows_of(const std::string& experiment,
                                        const std::vector<std::string>& methods) {
  const fs::path data = reference_data("helix");
  const HelixExperiment& named = experiment_named(experiment);
  const RecordedRequests recorded = read_azure_conversations(data);
  const std::vector<HelixMethod> made = helix_methods(named, HelixArtifact(data, named), recorded,
                                                      {.methods = methods, .progress = false});
  const std::vector<HelixOutcome> outcomes = simulate_helix(named, made, recorded, 2, false);
  std::map<std::string, HelixRow> rows;
  for (std::size_t m = 0; m < made.size(); ++m) rows[made[m].name] = {made[m], outcomes[m]};
  return rows;
}

// The scoreboard of CI has all of them; these are quick.
TEST(HelixRows, AreAsPublished) {
  const auto data = reference_data("helix");
  SEXTANT_NEEDS(data);
  for (const auto& [experiment, methods] : std::map<std::string, std::vector<std::string>>{
           {"geo/llama70b/offline", {"helix", "swarm", "separate"}},
           {"geo/llama70b/online", {"helix", "separate"}},
           {"geo/llama70b/model_placement", {"swarm", "petals"}},
           {"geo/llama70b/request_scheduling", {"helix", "random"}}}) {
    const std::map<std::string, HelixRow> rows = rows_of(experiment, methods);
    int compared = 0;
    for (const HelixPublished& published :
         read_helix_published(data, experiment_named(experiment))) {
      const auto row = rows.find(published.method);
      if (row == rows.end()) continue;
      SCOPED_TRACE(experiment + ' ' + published.method);
      const HelixOutcome& outcome = row->second.outcome;
      ASSERT_EQ(outcome.failure, "");
      const HelixAgreement met = agreement(published, outcome.decode_tokens_per_s,
                                           outcome.prompt_latency_s, outcome.decode_latency_s);
      EXPECT_EQ(met.equal, met.figures) << outcome.decode_tokens_per_s;
      ++compared;
    }
    EXPECT_EQ(compared, static_cast<int>(methods.size()));
  }
}

TEST(HelixRows, DoNotDependOnThreads) {
  const auto data = reference_data("helix");
  SEXTANT_NEEDS(data);
  const HelixExperiment& named = experiment_named("geo/llama30b/offline");
  const RecordedRequests recorded = read_azure_conversations(data);
  const std::vector<HelixMethod> methods =
      helix_methods(named, HelixArtifact(data, named), recorded,
                    {.methods = {"helix", "helix-own-split"}, .progress = false});
  const auto text = [&](unsigned threads) {
    std::string all;
    const std::vector<HelixOutcome> outcomes =
        simulate_helix(named, methods, recorded, threads, false);
    for (std::size_t m = 0; m < methods.size(); ++m) {
      all += to_json(HelixRow{methods[m], outcomes[m]}, named, false).dump();
    }
    return all;
  };
  const std::string alone = text(1);
  EXPECT_EQ(alone, text(3));
  // One system for each machine type: flows and bounds are sums.
  EXPECT_THAT(alone, HasSubstr("\"flow_tokens_per_s\":1657.1"));
  EXPECT_THAT(alone, HasSubstr("\"A100/compute_node_3\":[0,15]"));
}

TEST(HelixMethods, RefuseNamesThatTheExperimentDoesNotHave) {
  const auto data = reference_data("helix");
  SEXTANT_NEEDS(data);
  const HelixExperiment& named = experiment_named("geo/llama70b/request_scheduling");
  EXPECT_THAT(message_of([&] {
                helix_methods(named, HelixArtifact(data, named), {}, {.methods = {"petals"}});
              }),
              HasSubstr("has no method \"petals\"; there are: helix, helix-own-split, swarm"));
}

}  // namespace
}  // namespace sextant
