#include "analyzer/cluster/discover/discovered_cluster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/profile/gpu_device_name.h"
#include "tests/cluster/discover/samples.h"

namespace sextant::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;

const std::vector<GpuSpec>& known() {
  static const std::vector<GpuSpec> specs = [] {
    std::vector<GpuSpec> all;
    for (const std::string& name : gpu_names()) all.push_back(gpu_named(name));
    return all;
  }();
  return specs;
}

SlurmNode node(const std::string& name, std::vector<SlurmGpus> gpus) {
  SlurmNode node;
  node.name = node.host = name;
  node.gpus = std::move(gpus);
  node.partitions = {"gpu"};
  node.state = "IDLE";
  return node;
}

SiteFacts slurm_site(std::vector<SlurmNode> nodes) {
  SiteFacts site;
  site.nodes = std::move(nodes);
  site.slurm_source = "scontrol.txt";
  return site;
}

DiscoverOptions in_site() {
  DiscoverOptions options;
  options.zones = {"site"};
  return options;
}

MachineFacts machine_with(const std::string& host, int gpus, const std::string& name, double gib) {
  MachineFacts machine;
  machine.host = host;
  machine.gpus_source = "nvidia-smi.csv";
  machine.gpus.emplace(static_cast<std::size_t>(gpus), ListedGpu{name, gib * kGiB, false});
  return machine;
}

TEST(Discover, NodesThatAreAlikeFormAPool) {
  const auto site = slurm_site(parse_scontrol_nodes(sample("scontrol-homogeneous.txt"), "s"));
  const Cluster cluster = discover_cluster(site, in_site(), known());
  EXPECT_EQ(cluster.summary(), "24xA100-80@site");
  EXPECT_EQ(cluster.name, "24xA100-80@site");
  EXPECT_EQ(cluster.pools[0].gpus_per_node, 8);
  EXPECT_EQ(cluster.pools[0].memory_bytes, 80 * kGiB);
  EXPECT_EQ(cluster.pools[0].nics_per_node, 0);
  EXPECT_EQ(cluster.pools[0].usd_per_hour, 0);
  EXPECT_THAT(cluster.notes, Contains("left out, since they run no jobs: a04 (IDLE+DRAIN)"));
  EXPECT_THAT(cluster.notes, Contains(HasSubstr("unknown: links and NICs of nodes with A100-80")));
  EXPECT_THAT(cluster.notes, Contains("no price of A100-80: it counts as free"));
}

TEST(Discover, MixedTypesAndNodesWithTwo) {
  const auto site = slurm_site(parse_scontrol_nodes(sample("scontrol-mixed.txt"), "s"));
  DiscoverOptions options = in_site();
  options.gpus["A100"] = {"A100-40"};
  options.usd_per_hour = {{"A100-40", 1.5}};
  const Cluster cluster = discover_cluster(site, options, known());
  EXPECT_EQ(cluster.summary(), "8xA100-40@site+1xT4@site+2xV100-16@site");
  EXPECT_EQ(cluster.pools[0].usd_per_hour, 1.5);
  EXPECT_THAT(cluster.notes, Not(Contains("no price of A100-40: it counts as free")));

  options.zone_by = ZoneBy::kFeature;
  options.zones = {"north", "south"};
  EXPECT_EQ(discover_cluster(site, options, known()).summary(),
            "4xA100-40@north+4xA100-40@south+1xT4@south+2xV100-16@south");
  options.zone_by = ZoneBy::kPartition;
  options.zones = {};
  EXPECT_EQ(discover_cluster(site, options, known()).summary(),
            "8xA100-40@new+1xT4@old+2xV100-16@old");
  options.partitions = {"new"};
  EXPECT_EQ(discover_cluster(site, options, known()).summary(), "8xA100-40@new");
}

TEST(Discover, WhatIsOpenNamesTheOptionThatSettlesIt) {
  const auto site = slurm_site({node("n1", {{"a100", 4, false}}), node("n2", {{"a6000", 8, false}}),
                                node("n3", {{"", 2, false}})});
  const std::string message = refusal([&] { discover_cluster(site, in_site(), known()); });
  EXPECT_THAT(
      message,
      HasSubstr("\"a100\" (n1) may be A100-40 or A100-80: settle it with --gpu 'a100=A100-80'"));
  EXPECT_THAT(message, HasSubstr("\"a6000\" (n2): settle it with --gpu 'a6000=TYPE:80GiB'"));
  EXPECT_THAT(message,
              HasSubstr("GPUs without a type (n3): settle it with --gpu 'gpu=TYPE:80GiB'"));
  DiscoverOptions options = in_site();
  options.gpus = {{"A100", {"A100-80"}}, {"A6000", {"A6000", 48 * kGiB}}, {"GPU", {"T4"}}};
  const Cluster cluster = discover_cluster(site, options, known());
  EXPECT_EQ(cluster.summary(), "4xA100-80@site+8xA6000@site+2xT4@site");
  EXPECT_EQ(cluster.pools[1].memory_bytes, 48 * kGiB);
}

TEST(Discover, FeaturesSettleWhatTheTypeLeavesOpen) {
  auto with_feature = node("n1", {{"a100", 4, false}});
  with_feature.features = {"ib", "a100_80gb", "h200"};  // an H200 is no A100
  EXPECT_EQ(discover_cluster(slurm_site({with_feature}), in_site(), known()).summary(),
            "4xA100-80@site");
}

TEST(Discover, TheDriverOfANodeSettlesItsLike) {
  auto site = slurm_site({node("n1", {{"a100", 8, false}}), node("n2", {{"a100", 8, false}})});
  site.machine = machine_with("n2.site.org", 8, "NVIDIA A100-SXM4-80GB", 80);
  site.machine->topology = parse_topology_matrix(sample("topo-nvswitch.txt"), "topo.txt");
  site.machine->topology_source = "topo.txt";
  const Cluster cluster = discover_cluster(site, in_site(), known());
  EXPECT_EQ(cluster.summary(), "16xA100-80@site");
  EXPECT_EQ(cluster.pools[0].nics_per_node, 4);
  EXPECT_THAT(cluster.notes, Contains("\"a100\" are A100-80: so says nvidia-smi.csv of n2"));
  EXPECT_THAT(
      cluster.notes,
      Contains("inside nodes with A100-80 in site: NV12 between all pairs, says topo.txt (of "
               "n2; its like were not asked)"));
  EXPECT_THAT(cluster.notes, Contains(HasSubstr("mlx5_3, of unknown speed")));
}

TEST(Discover, CardsOfTheKernelCountBeforeThoseOfTheMatrix) {
  auto site = slurm_site({node("n1", {{"t4", 4, false}})});
  site.machine.emplace();
  site.machine->cards = parse_ibstat(sample("ibstat.txt"), "ibstat.txt");
  site.machine->cards_source = "ibstat.txt";
  const Cluster cluster = discover_cluster(site, in_site(), known());
  EXPECT_EQ(cluster.pools[0].nics_per_node, 1);
  EXPECT_THAT(
      cluster.notes,
      Contains("NICs of nodes with T4 in site: 1 x InfiniBand 200 Gb/s (mlx5_0), says ibstat.txt"));
}

TEST(Discover, SourcesThatContradictEachOtherAreNamed) {
  auto site = slurm_site({node("n1", {{"a100", 4, false}})});
  site.machine = machine_with("n1", 8, "NVIDIA A100-SXM4-80GB", 80);
  EXPECT_THAT(refusal([&] { discover_cluster(site, in_site(), known()); }),
              HasSubstr("scontrol.txt says that n1 has 4 GPUs, nvidia-smi.csv shows 8"));
  site.machine = machine_with("n1", 4, "NVIDIA H100 80GB HBM3", 80);
  EXPECT_THAT(
      refusal([&] { discover_cluster(site, in_site(), known()); }),
      HasSubstr("scontrol.txt calls the GPUs of n1 \"a100\", nvidia-smi.csv shows \"NVIDIA H100"));
  site.machine = machine_with("n1", 4, "NVIDIA A100-SXM4-80GB", 80);
  site.machine->topology = parse_topology_matrix(sample("topo-nvswitch.txt"), "t");
  site.machine->topology_source = "topo.txt";
  EXPECT_THAT(refusal([&] { discover_cluster(site, in_site(), known()); }),
              HasSubstr("says that n1 has 4 GPUs, topo.txt shows 8"));
  // From inside a job fewer are to be seen; more are a contradiction there too.
  site.machine = machine_with("n1", 1, "NVIDIA A100-SXM4-80GB", 80);
  EXPECT_THAT(refusal([&] { discover_cluster(site, in_site(), known()); }), HasSubstr("shows 1"));
  site.machine->inside_job = true;
  EXPECT_EQ(discover_cluster(site, in_site(), known()).summary(), "4xA100-80@site");
}

TEST(Discover, WhoseOutputItIsMustBeClear) {
  auto site = slurm_site({node("n1", {{"t4", 4, false}}), node("n2", {{"l4", 2, false}})});
  site.machine = machine_with("", 4, "Tesla T4", 15);
  EXPECT_THAT(refusal([&] { discover_cluster(site, in_site(), known()); }),
              HasSubstr("--host NODE"));
  site.machine->host = "n1";
  EXPECT_EQ(discover_cluster(site, in_site(), known()).summary(), "2xL4@site+4xT4@site");
  site.machine->host = "login";
  const Cluster cluster = discover_cluster(site, in_site(), known());
  EXPECT_THAT(cluster.notes, Contains(HasSubstr("\"login\" is no node of Slurm")));
}

TEST(Discover, AMachineWithoutSlurm) {
  SiteFacts site;
  site.machine = machine_with("box", 8, "NVIDIA A100-SXM4-80GB", 80);
  EXPECT_EQ(discover_cluster(site, in_site(), known()).summary(), "8xA100-80@site");
  site.machine = machine_with("box", 2, "NVIDIA A100-PCIE-40GB", 40);
  EXPECT_THAT(refusal([&] { discover_cluster(site, in_site(), known()); }),
              HasSubstr("--gpu 'NVIDIA A100-PCIE-40GB=TYPE:80GiB'"));
  DiscoverOptions options = in_site();
  options.gpus["NVIDIA A100-PCIE-40GB"] = {"A100-40"};
  EXPECT_EQ(discover_cluster(site, options, known()).summary(), "2xA100-40@site");
  // nvidia-smi -L leaves memory out, and this card comes with 16 or 32 GB.
  site.machine->gpus->assign(2, {"Tesla V100-SXM2", std::nullopt, false});
  EXPECT_THAT(refusal([&] { discover_cluster(site, in_site(), known()); }),
              HasSubstr("--gpu 'Tesla V100-SXM2=V100-16'"));
}

TEST(Discover, SlicesCountNot) {
  const auto site = slurm_site(parse_sinfo_table(sample("sinfo-mig.txt"), "s"));
  DiscoverOptions options = in_site();
  // m03 has six whole GPUs, the others eight: no pool of nodes that are alike.
  EXPECT_THAT(
      refusal([&] { discover_cluster(site, options, known()); }),
      HasSubstr("nodes with 6 and nodes with 8 H100-80 in zone \"site\": a pool has nodes that "
                "are alike; choose with --gpus-per-node H100-80=8"));
  options.gpus_per_node = {{"H100-80", 8}};
  const Cluster cluster = discover_cluster(site, options, known());
  EXPECT_EQ(cluster.summary(), "16xH100-80@site");
  EXPECT_THAT(cluster.notes,
              Contains("left out: slices of GPUs (MIG) of m03, m04, which cannot be planned for"));
  EXPECT_THAT(cluster.notes, Contains("left out, since they do not have 8 H100-80: m03"));
  EXPECT_THAT(cluster.notes, Contains("left out, since they run no jobs: m05 (drained*)"));
}

TEST(Discover, WithoutGpusSaysWhereItLooked) {
  auto site = slurm_site({node("n1", {})});
  site.looked_at = {"scontrol.txt: 1 nodes", "the NVIDIA driver (not here)"};
  EXPECT_THAT(
      refusal([&] { discover_cluster(site, in_site(), known()); }),
      HasSubstr("no GPU that could be planned for was found; looked at scontrol.txt: 1 nodes; the "
                "NVIDIA driver (not here)"));
  SiteFacts nothing;
  EXPECT_NE(refusal([&] { discover_cluster(nothing, in_site(), known()); }), "");
  auto down = node("n1", {{"t4", 4, false}});
  down.usable = false;
  EXPECT_THAT(refusal([&] { discover_cluster(slurm_site({down}), in_site(), known()); }),
              HasSubstr("n1 (IDLE)"));
}

TEST(Discover, ZonesAndPartitionsMustBeThere) {
  auto both = node("n1", {{"t4", 4, false}});
  both.partitions = {"gpu", "debug"};
  const auto site = slurm_site({both});
  DiscoverOptions options;
  options.zone_by = ZoneBy::kPartition;
  EXPECT_THAT(refusal([&] { discover_cluster(site, options, known()); }),
              HasSubstr("node n1 has several partitions, gpu, debug: say with --zone"));
  options.zones = {"gpu"};
  EXPECT_EQ(discover_cluster(site, options, known()).summary(), "4xT4@gpu");
  options.zones = {"other"};
  EXPECT_THAT(refusal([&] { discover_cluster(site, options, known()); }),
              HasSubstr("no partition that could be its zone"));
  options.zones = {};
  options.partitions = {"gqu"};
  EXPECT_THAT(refusal([&] { discover_cluster(site, options, known()); }),
              HasSubstr("(did you mean \"gpu\"?)"));
}

TEST(Discover, TheSameFactsGiveTheSameClusterInAnyOrder) {
  std::vector<SlurmNode> nodes = parse_scontrol_nodes(sample("scontrol-homogeneous.txt"), "s");
  const Cluster cluster = discover_cluster(slurm_site(nodes), in_site(), known());
  std::reverse(nodes.begin(), nodes.end());
  EXPECT_EQ(discover_cluster(slurm_site(nodes), in_site(), known()).pools.size(),
            cluster.pools.size());
  EXPECT_EQ(discover_cluster(slurm_site(nodes), in_site(), known()).summary(), cluster.summary());
}

}  // namespace
}  // namespace sextant::testing
