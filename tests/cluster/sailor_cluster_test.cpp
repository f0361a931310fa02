#include "analyzer/cluster/sailor_cluster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/cluster/availability_trace.h"
#include "analyzer/core/error.h"
#include "tests/support/reference_data.h"

namespace sextant {
namespace {

TEST(SailorCluster, IsTheRowOfATraceWithMemoryPricesEgressAndLinks) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  const AvailabilityTrace trace = read_trace_csv(
      data / "sailor/Planner/simulations/configs/gpu_trace_heterogeneous_imbalanced.csv");
  const Cluster cluster = SailorSite(data).cluster(trace.available(1));
  EXPECT_EQ(cluster.summary(), "80xA100-40@us-central1-a+240xV100-16@us-central1-a");
  EXPECT_EQ(cluster.gpu_count(), 320);
  const GpuPool* a100 = cluster.find("A100-40", "us-central1-a");
  ASSERT_NE(a100, nullptr);
  EXPECT_EQ(a100->gpus_per_node, 4);
  EXPECT_EQ(a100->node_count(), 20);
  EXPECT_EQ(a100->memory_bytes, 42949672960.0);  // 40 GiB
  EXPECT_EQ(a100->usd_per_hour, 3.673385);
  EXPECT_EQ(cluster.pools[1].memory_bytes, 17179869184.0);  // 16 GiB
  EXPECT_EQ(cluster.pools[1].usd_per_hour, 2.859998);
  EXPECT_EQ(cluster.find("A100-40", "us-west1-b"), nullptr);
  EXPECT_EQ(cluster.egress("us-central1-a", "us-central1-a"), 0);
  EXPECT_DOUBLE_EQ(cluster.egress("us-central1-a", "us-central1-b"), 1e-11);  // 0.01 USD/GB
  EXPECT_DOUBLE_EQ(cluster.egress("us-central1-a", "us-west1-b"), 2e-11);
  EXPECT_EQ(cluster.egress("us-central1-a", "the-moon"), 0);
  EXPECT_TRUE(cluster.notes.empty());
  const LinkEnd end{"us-central1-a", "A100-40", 4};
  EXPECT_GT(cluster.network->between(end, end).transfer_s(1e6), 0);
}

TEST(SailorCluster, NotesOnceWhatHasNoPriceAndRefusesUnknownTypes) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  const SailorSite site(data);
  const Cluster cluster = site.cluster({{"RTX-3090", "a", 8}, {"RTX-3090", "b", 8}});
  EXPECT_EQ(cluster.pools[0].gpus_per_node, 8);
  EXPECT_EQ(cluster.pools[0].usd_per_hour, 0);
  EXPECT_THAT(cluster.notes, testing::ElementsAre(testing::HasSubstr("RTX-3090")));
  EXPECT_THROW(site.cluster({{"TPU", "a", 8}}), Error);
}

}  // namespace
}  // namespace sextant
