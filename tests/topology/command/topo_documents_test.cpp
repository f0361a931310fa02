#include <gmock/gmock.h>

#include "tests/support/schema_check.h"
#include "tests/topology/command/topo_files.h"

namespace sextant::testing {
namespace {

using ::testing::IsEmpty;

void expect_described(const nlohmann::json& document, const std::string& kind) {
  EXPECT_EQ(document.at("schema"), "sextant/" + kind + "/1.0");
  EXPECT_THAT(SchemaCheck(kind).problems(document.dump()), IsEmpty());
}

class TopoDocuments : public ::testing::Test {
 protected:
  nlohmann::json ask(std::vector<std::string> arguments, std::vector<std::string> more) {
    arguments.insert(arguments.end(), {"--network", files_.network, "--workload", files_.workload});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return topo_json(arguments);
  }
  nlohmann::json optimize(std::vector<std::string> more) {
    more.insert(more.end(), {"--total-gb-per-s", "100"});
    return ask({"optimize"}, more);
  }

  TopoFiles files_;
};

TEST_F(TopoDocuments, OfDivisions) {
  expect_described(optimize({}), "bandwidth_division");
  expect_described(optimize({"--target", "perfpercost", "--normalise", "--constraint", "B0 <= 60"}),
                   "bandwidth_division");
  expect_described(optimize({"--simulated", "--chunks", "4"}), "bandwidth_division");
}

TEST_F(TopoDocuments, OfEvaluations) {
  expect_described(ask({"evaluate"}, {"--bandwidth", "5,4"}), "topology_evaluation");
  expect_described(ask({"evaluate"}, {"--bandwidth", "5,4", "--simulate"}), "topology_evaluation");
}

TEST_F(TopoDocuments, OfFronts) {
  const auto front = optimize({"--front", "6", "--plot", files_.path("front.svg")});
  expect_described(front, "bandwidth_front");
  const auto& points = front.at("points");
  ASSERT_GE(points.size(), 2U);
  for (std::size_t i = 1; i < points.size(); ++i) {
    EXPECT_GT(points[i].at("time_s"), points[i - 1].at("time_s"));
    EXPECT_LT(points[i].at("cost_usd"), points[i - 1].at("cost_usd"));
  }
}

TEST_F(TopoDocuments, OfShapes) {
  const std::string out = files_.path("shape.json");
  const auto shapes = optimize({"--search", "shape", "--keep", "3", "--target", "PerfPerCost",
                                "--tier", "Package:8", "--tier", "Pod", "-o", out});
  expect_described(shapes, "network_shapes");
  ASSERT_EQ(shapes.at("shapes").size(), 3U);
  const auto given = optimize({"--target", "PerfPerCost"});
  EXPECT_LE(shapes.at("shapes")[0].at("objective"), given.at("objective"));
  const auto again = topo_json({"evaluate", "--network", out, "--workload", files_.workload});
  EXPECT_EQ(again.at("npus"), 32);
}

}  // namespace
}  // namespace sextant::testing
