#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/json_document.h"
#include "tests/launch/emit/serving/small_network.h"
#include "tests/support/schema_check.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;
using testing::two_pipelines;

TEST(JsonExport, HasNodesLayersNeighboursAndWeights) {
  ServingExportOptions options;
  options.hosts["node1"] = "10.0.0.1";
  options.unused = {"node4"};
  const JobFolder exported = export_serving(ServingRuntime::kJson, two_pipelines(), options);
  ASSERT_EQ(exported.files.size(), 1U);
  const std::string& text = exported.files.at("serving_export.json");
  testing::SchemaCheck schema("serving_export");
  EXPECT_EQ(schema.problems(text), "");
  EXPECT_THAT(schema.unseen(), ::testing::IsEmpty());

  const nlohmann::json document = nlohmann::json::parse(text);
  EXPECT_EQ(document["model"]["name"], "small");
  EXPECT_EQ(document["flow_tokens_per_s"], 100);
  EXPECT_EQ(document["unused"], nlohmann::json({"node4"}));
  const nlohmann::json& first = document["nodes"][0];
  EXPECT_EQ(first["name"], "node0");
  EXPECT_FALSE(first.contains("host"));
  EXPECT_EQ(first["layers"], nlohmann::json({0, 6}));
  EXPECT_EQ(first["kv_cache_layer_tokens"], 16 * (100 / 6) * 6);
  EXPECT_EQ(first["prompt_max_requests"], 2);
  EXPECT_EQ(first["decode_max_requests"], 64);
  EXPECT_EQ(first["previous"], nlohmann::json({nullptr}));
  ASSERT_EQ(first["next"].size(), 2U);
  EXPECT_EQ(first["next"][0]["node"], "node2");
  EXPECT_EQ(first["next"][0]["enters_at_layer"], 6);
  EXPECT_DOUBLE_EQ(first["next"][0]["weight"], 5.0 / 60);
  EXPECT_DOUBLE_EQ(first["next"][1]["weight"], 55.0 / 60);
  EXPECT_EQ(first["next"][1]["latency_s"], 0.002);
  EXPECT_EQ(document["nodes"][1]["host"], "10.0.0.1");
  EXPECT_EQ(document["nodes"][2]["previous"], nlohmann::json({"node0", "node1"}));
  EXPECT_EQ(document["nodes"][2]["next"][0]["node"], nullptr);
  EXPECT_EQ(document["nodes"][2]["next"][0]["weight"], 1);
  EXPECT_EQ(document["coordinator"]["next"][0]["weight"], 0.6);
  EXPECT_EQ(document["coordinator"]["previous"], nlohmann::json({"node2", "node3"}));
}

TEST(JsonExport, SaysThatThereIsNoFlow) {
  const JobFolder exported = export_serving(
      ServingRuntime::kJson, testing::small_network({{0, 5}, {5, 10}}), ServingExportOptions());
  EXPECT_THAT(exported.notes, ::testing::ElementsAre(HasSubstr("no flow")));
}

TEST(JsonExport, HoldsNamesOfAnyKind) {
  const std::vector<std::string> names = {"a\"b\\", "c\nd", "$(touch x)", "  "};
  const JobFolder exported =
      export_serving(ServingRuntime::kJson, two_pipelines(names), ServingExportOptions());
  const nlohmann::json document = nlohmann::json::parse(exported.files.at("serving_export.json"));
  for (std::size_t i = 0; i < names.size(); ++i) EXPECT_EQ(document["nodes"][i]["name"], names[i]);
}

}  // namespace
}  // namespace sextant
