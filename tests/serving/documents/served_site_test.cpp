#include "analyzer/serving/documents/served_site.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// 1 GB/s and 1 ms within a zone, 0.1 GB/s and 20 ms from zone to zone; none to the island.
class TwoZones : public Network {
 public:
  LinkModel between(const LinkEnd& from, const LinkEnd& to) const override {
    if ((from.zone == "island") != (to.zone == "island")) throw_bad_input("no link");
    return from.zone == to.zone ? LinkModel::latency_bandwidth(1e-3, 1e9)
                                : LinkModel::latency_bandwidth(20e-3, 1e8);
  }
  std::optional<LinkModel> find(const LinkEnd& from, const LinkEnd& to) const override {
    if ((from.zone == "island") != (to.zone == "island")) return std::nullopt;
    return between(from, to);
  }
  std::string describe() const override { return "two zones"; }
};

Cluster two_zones() {
  Cluster cluster;
  cluster.name = "two";
  cluster.pools.resize(2);
  cluster.pools[0].gpu = "A100-40";
  cluster.pools[0].zone = "a";
  cluster.pools[0].count = 1;
  cluster.pools[0].memory_bytes = 40e9;
  cluster.pools[1].gpu = "T4";
  cluster.pools[1].zone = "b";
  cluster.pools[1].count = 3;
  cluster.pools[1].gpus_per_node = 2;
  cluster.pools[1].memory_bytes = 16e9;
  cluster.network = std::make_shared<TwoZones>();
  return cluster;
}

TEST(ServedSite, MakesAMachineOfEachNodeAndOfWhatIsLeft) {
  const ServedSite site = served_site(two_zones(), 1e4);
  std::vector<std::string> names;
  for (const ServingMachine& machine : site.cluster.machines) names.push_back(machine.name);
  EXPECT_THAT(names, ElementsAre("a/A100-40/0", "b/T4x2/0", "b/T4/1"));
  ASSERT_EQ(site.kinds.size(), 3U);
  EXPECT_EQ(site.kinds[1].type, "T4x2");
  EXPECT_EQ(site.kinds[1].gpu, "T4");
  EXPECT_EQ(site.kinds[1].gpus, 2);
  EXPECT_EQ(site.kinds[1].memory_bytes, 32e9);
  EXPECT_EQ(site.kinds[1].nic_bytes_per_s, 1e9);
}

TEST(ServedSite, HasLinksOfTheirLevel) {
  const ServedSite site = served_site(two_zones(), 1e4);
  const std::vector<ServingLink>& links = site.cluster.links;
  ASSERT_EQ(links.size(), 3U + 3U + 3U);
  EXPECT_EQ(links[0].from, kCoordinator);
  EXPECT_EQ(links[0].to, 0);
  EXPECT_NEAR(links[0].bytes_per_s, 1e9, 1);
  EXPECT_NEAR(links[0].latency_s, 1e-3, 1e-12);
  EXPECT_NEAR(links[1].bytes_per_s, 1e8, 1);
  EXPECT_NEAR(links[1].latency_s, 20e-3, 1e-12);
  EXPECT_EQ(links[5].from, 2);
  EXPECT_EQ(links[5].to, kCoordinator);
  EXPECT_EQ(links[8].from, 1);
  EXPECT_EQ(links[8].to, 2);
  EXPECT_NEAR(links[8].bytes_per_s, 1e9, 1);
  EXPECT_EQ(site.cluster.coordinator_out_bytes_per_s, 1e9);
}

TEST(ServedSite, PutsTheCoordinatorWhereItIsAsked) {
  const ServedSite site = served_site(two_zones(), 1e4, "b");
  EXPECT_NEAR(site.cluster.links[0].bytes_per_s, 1e8, 1);
  EXPECT_NEAR(site.cluster.links[1].bytes_per_s, 1e9, 1);
  EXPECT_THAT([] { served_site(two_zones(), 1e4, "c"); },
              ThrowsMessage<Error>(HasSubstr("no pool is in the coordinator's zone \"c\"")));
}

// Two regimes; the line goes through 2 kB and a prompt's 1.5 MB.
TEST(ServedSite, DrawsAStraightLineThroughATokenAndAPrompt) {
  class Segments : public TwoZones {
   public:
    std::optional<LinkModel> find(const LinkEnd&, const LinkEnd&) const override {
      return LinkModel::segments({{0, 1e-3, 1e9}, {1e5, 2e-3, 1e8}});
    }
  };
  Cluster cluster = two_zones();
  cluster.network = std::make_shared<Segments>();
  const ServingLink link = served_site(cluster, 2000).cluster.links[0];
  const LinkModel model = *Segments().find({}, {});
  for (const double bytes : {2000.0, 750 * 2000.0}) {
    EXPECT_NEAR(link.latency_s + bytes / link.bytes_per_s, model.transfer_s(bytes), 1e-9);
  }
}

TEST(ServedSite, RefusesWhatNoLinkLeadsTo) {
  Cluster cluster = two_zones();
  cluster.pools[1].zone = "island";
  EXPECT_THAT([&] { served_site(cluster, 1e4); },
              ThrowsMessage<Error>(HasSubstr("machine \"island/T4x2/0\" cannot be reached")));
  cluster.pools.clear();
  EXPECT_THROW(served_site(cluster, 1e4), Error);
}

TEST(ServedSite, FindsMachinesThatNoWayLeadsTo) {
  ServingCluster cluster;
  cluster.source = "c.ini";
  cluster.machines = {{"one", "T4"}, {"two", "T4"}};
  cluster.links = {{kCoordinator, 0, 1e9, 0}, {0, kCoordinator, 1e9, 0}};
  EXPECT_THAT([&] { check_reachable(cluster); },
              ThrowsMessage<Error>("c.ini: machine \"two\" cannot be reached: expected a way from "
                                   "the coordinator, found none"));
  cluster.links.push_back({0, 1, 1e9, 0});
  EXPECT_NO_THROW(check_reachable(cluster));
  cluster.links.back().bytes_per_s = 0;
  EXPECT_THROW(check_reachable(cluster), Error);
}

}  // namespace
}  // namespace sextant
