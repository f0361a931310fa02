#include "analyzer/serving/documents/placement_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "tests/support/schema_check.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

PlacementDocument document() {
  PlacementDocument one;
  one.model = "m";
  one.cluster = "c";
  one.layers = 8;
  one.method = "sextant";
  one.objective = "flow";
  one.seed = 18446744073709551615U;
  one.partial_inference = true;
  one.machines = {{"a", "A100-40", {0, 8}}, {"b", "T4x2", {}}};
  one.flow = {{"coordinator", "a", 12.5}, {"a", "coordinator", 12.5}};
  one.flow_tokens_per_s = 75;
  one.upper_bound_tokens_per_s = 100;
  one.complete = false;
  one.evaluations = 7;
  one.evidence = Evidence::kReplayed;
  return one;
}

PlacementDocument read(const std::string& text) {
  const JsonDocument file = JsonDocument::parse(text, "p.json");
  return placement_document_from(file);
}

/// The document's text with one part exchanged.
std::string with(const std::string& part, const std::string& other) {
  std::string text = json_text(to_json(document()));
  const std::size_t at = text.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return text.replace(at, part.size(), other);
}

TEST(PlacementDocument, IsReadAsItWasWritten) {
  const std::string text = json_text(to_json(document()));
  EXPECT_EQ(testing::SchemaCheck("placement").problems(text), "");
  const PlacementDocument again = read(text);
  EXPECT_EQ(json_text(to_json(again)), text);
  EXPECT_EQ(again.machines[0].layers, (LayerInterval{0, 8}));
  EXPECT_TRUE(again.machines[1].layers.empty());
  EXPECT_DOUBLE_EQ(again.gap(), 0.25);
}

TEST(PlacementDocument, IsRefusedWithThePlace) {
  const auto expect = [](const std::string& text, const std::string& message) {
    EXPECT_THAT([&] { read(text); }, ThrowsMessage<Error>(HasSubstr(message))) << text;
  };
  expect(with("[0, 8]", "[0, 9]"), "p.json at \"/machines/0/layers/1\": expected");
  expect(with("[0, 8]", "[3, 3]"), "p.json at \"/machines/0/layers\": expected at least one layer");
  expect(with("[0, 8]", "[3]"), "/machines/0/layers");
  expect(with("\"machine\": \"b\"", "\"machine\": \"a\""), "each machine once");
  expect(with("\"layers\": 8", "\"layers\": 0"), "/layers");
  expect(with("\"gap\"", "\"gaps\""), "gaps");
  expect(with("sextant/placement/1.0", "sextant/placement/2.0"), "2.0");
  expect(with("\"replayed\"", "\"sure\""), "/evidence");
  std::string newer = with("\"gap\"", "\"gaps\"");
  newer.replace(newer.find("placement/1.0"), 13, "placement/1.1");
  EXPECT_NO_THROW(read(newer)) << "a newer minor version may say more";
}

TEST(PlacementDocument, SuitsItsClusterAndModel) {
  ServingCluster cluster;
  cluster.source = "c.json";
  cluster.machines = {{"b", "T4x2"}, {"a", "A100-40"}, {"new", "T4"}};
  ServedModel model;
  model.name = "m";
  model.layers = 8;
  const Placement placement = placement_of(document(), cluster, model);
  EXPECT_EQ(placement, (Placement{{}, {0, 8}, {}}));

  cluster.machines[1].type = "L4";
  EXPECT_THAT([&] { placement_of(document(), cluster, model); },
              ThrowsMessage<Error>(HasSubstr("machine \"a\": expected type \"L4\"")));
  cluster.machines.erase(cluster.machines.begin() + 1);
  EXPECT_THAT([&] { placement_of(document(), cluster, model); },
              ThrowsMessage<Error>(HasSubstr("machine \"a\" is not in c.json")));
  model.layers = 9;
  EXPECT_THAT([&] { placement_of(document(), cluster, model); },
              ThrowsMessage<Error>(HasSubstr("expected a placement of \"m\" with 9 layers")));
}

}  // namespace
}  // namespace sextant
