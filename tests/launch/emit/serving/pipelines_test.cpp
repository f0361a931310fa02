#include <algorithm>
#include <functional>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/random.h"
#include "tests/launch/emit/serving/small_network.h"

namespace sextant {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::link_of;
using testing::small_network;
using testing::two_pipelines;

TEST(ServingPipelines, FollowTheFlow) {
  const ServingPipelines found = disjoint_pipelines(two_pipelines());
  EXPECT_EQ(found.reason, "");
  EXPECT_THAT(found.left_out, IsEmpty());
  ASSERT_EQ(found.pipelines.size(), 2U);
  EXPECT_THAT(found.pipelines[0].nodes, ElementsAre(0, 3));
  EXPECT_THAT(found.pipelines[1].nodes, ElementsAre(1, 2));
  EXPECT_EQ(found.pipelines[0].flow_tokens_per_s, 55);
  EXPECT_EQ(found.pipelines[1].flow_tokens_per_s, 40);
}

TEST(ServingPipelines, SayWhereMachinesAreNotPaired) {
  ServedNetwork network = small_network({{0, 6}, {0, 6}, {6, 10}});
  link_of(network, kCoordinator, 1).flow_tokens_per_s = 10;
  link_of(network, 1, 2).flow_tokens_per_s = 10;
  link_of(network, 2, kCoordinator).flow_tokens_per_s = 10;
  const ServingPipelines found = disjoint_pipelines(network);
  EXPECT_EQ(found.reason, "machines whose layers end before layer 6: 2, and that begin with it: 1");
  ASSERT_EQ(found.pipelines.size(), 1U);
  EXPECT_THAT(found.pipelines[0].nodes, ElementsAre(1, 2));
  EXPECT_THAT(found.left_out, ElementsAre(0));
}

TEST(ServingPipelines, NeedTheLinks) {
  ServedNetwork network = two_pipelines();
  std::erase_if(network.links,
                [](const ServedLink& link) { return link.from == 0 || link.to == 3; });
  EXPECT_THAT(disjoint_pipelines(network).reason, HasSubstr("before layer 6"));
  network = two_pipelines();
  std::erase_if(network.links,
                [](const ServedLink& link) { return link.from == kCoordinator && link.to == 1; });
  EXPECT_THAT(disjoint_pipelines(network).reason, HasSubstr("\"node1\" holds the first layer"));
  network = two_pipelines();
  std::erase_if(network.links,
                [](const ServedLink& link) { return link.from == 2 && link.to == kCoordinator; });
  EXPECT_THAT(disjoint_pipelines(network).reason, HasSubstr("\"node2\" holds the last layer"));
}

/// Whether every node can be in a pipeline, tried one after the other.
bool can_use_all(const ServedNetwork& network) {
  const int nodes = static_cast<int>(network.nodes.size());
  const int layers = network.profiles.model.layers;
  const auto linked = [&](int from, int to) {
    return std::any_of(network.links.begin(), network.links.end(),
                       [&](const ServedLink& link) { return link.from == from && link.to == to; });
  };
  const auto held = [&](int n) { return network.nodes[static_cast<std::size_t>(n)].layers; };
  std::vector<char> used(network.nodes.size(), 0);
  const std::function<bool(int)> extend = [&](int last) {
    const bool complete = last == kCoordinator || held(last).end == layers;
    if (complete && last != kCoordinator && !linked(last, kCoordinator)) return false;
    if (complete && std::find(used.begin(), used.end(), 0) == used.end()) return true;
    const int from = complete ? kCoordinator : last;
    const int begin = complete ? 0 : held(last).end;
    for (int n = 0; n < nodes; ++n) {
      if (used[static_cast<std::size_t>(n)] != 0 || held(n).first != begin || !linked(from, n)) {
        continue;
      }
      used[static_cast<std::size_t>(n)] = 1;
      if (extend(n)) return true;
      used[static_cast<std::size_t>(n)] = 0;
    }
    return false;
  };
  return extend(kCoordinator);
}

TEST(ServingPipelines, OfAnyPlacementAreDisjointAndComplete) {
  Random random(7);
  int complete = 0;
  int incomplete = 0;
  for (int i = 0; i < 2000; ++i) {
    SCOPED_TRACE(i);
    // Few boundaries, so that machines often meet.
    const std::vector<int> boundaries = {0, 3, 6, 10};
    std::vector<LayerInterval> placement;
    const std::uint64_t machines = 1 + random.below(8);
    for (std::uint64_t m = 0; m < machines; ++m) {
      const auto first = random.below(3);
      const auto end = first + 1 + random.below(3 - first);
      placement.push_back({boundaries[first], boundaries[end]});
    }
    ServedNetwork network = small_network(placement);
    std::erase_if(network.links, [&](const ServedLink&) { return random.below(8) == 0; });
    for (ServedLink& link : network.links) {
      link.flow_tokens_per_s = static_cast<double>(random.below(5));
    }
    const ServingPipelines found = disjoint_pipelines(network);
    std::set<int> seen(found.left_out.begin(), found.left_out.end());
    std::size_t members = found.left_out.size();
    for (const ServingPipeline& pipeline : found.pipelines) {
      int layer = 0;
      int before = kCoordinator;
      for (const int n : pipeline.nodes) {
        EXPECT_EQ(network.nodes[static_cast<std::size_t>(n)].layers.first, layer);
        layer = network.nodes[static_cast<std::size_t>(n)].layers.end;
        EXPECT_NO_THROW(link_of(network, before, n));
        before = n;
        seen.insert(n);
        ++members;
      }
      EXPECT_NO_THROW(link_of(network, before, kCoordinator));
      EXPECT_EQ(layer, 10);
    }
    EXPECT_EQ(seen.size(), network.nodes.size());
    EXPECT_EQ(members, network.nodes.size());
    EXPECT_EQ(found.reason.empty(), can_use_all(network)) << found.reason;
    EXPECT_TRUE(!found.reason.empty() || found.left_out.empty());
    ++(found.reason.empty() ? complete : incomplete);
    if (HasFailure()) return;
  }
  EXPECT_GT(complete, 50);
  EXPECT_GT(incomplete, 50);
}

}  // namespace
}  // namespace sextant
