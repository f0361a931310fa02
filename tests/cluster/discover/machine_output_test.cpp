// What one machine prints of its GPUs and network cards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/cluster/discover/gpu_listing.h"
#include "analyzer/cluster/discover/network_cards.h"
#include "analyzer/cluster/discover/topology_matrix.h"
#include "tests/cluster/discover/samples.h"
#include "tests/support/temporary_folder.h"

namespace sextant::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;

TEST(GpuListing, ReadsTheTable) {
  const auto gpus = parse_gpu_listing(sample("gpus-a100-80.csv"), "g");
  ASSERT_THAT(gpus, SizeIs(8));
  EXPECT_EQ(gpus[7].name, "NVIDIA A100-SXM4-80GB");
  EXPECT_EQ(gpus[7].memory_bytes, 80 * kGiB);
  const auto plain = parse_gpu_listing(
      "name, memory.total [MiB], mig.mode.current\nNVIDIA H200, 143771, Enabled\n"
      "NVIDIA GH200 480GB, [N/A], Disabled\n",
      "g");
  EXPECT_TRUE(plain[0].in_slices);
  EXPECT_EQ(plain[0].memory_bytes, 143771.0 * 1024 * 1024);
  EXPECT_FALSE(plain[1].memory_bytes.has_value());
}

TEST(GpuListing, ReadsTheList) {
  const auto gpus = parse_gpu_listing(sample("gpus-a100-40.txt"), "g");
  ASSERT_THAT(gpus, SizeIs(4));
  EXPECT_EQ(gpus[0].name, "NVIDIA A100-SXM4-40GB");
  EXPECT_FALSE(gpus[0].memory_bytes.has_value());
  const auto sliced = parse_gpu_listing(
      "GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-1)\n  MIG 1g.10gb     Device  0: (UUID: MIG-1)\n"
      "GPU 1: NVIDIA H100 80GB HBM3 (UUID: GPU-2)\n",
      "g");
  EXPECT_TRUE(sliced[0].in_slices);
  EXPECT_FALSE(sliced[1].in_slices);
  EXPECT_THAT(parse_gpu_listing("No devices were found\n", "g"), IsEmpty());
}

TEST(GpuListing, RefusesWhatIsCutOrNone) {
  const std::string list = sample("gpus-a100-40.txt");
  EXPECT_THAT(refusal([&] { parse_gpu_listing(list.substr(0, list.size() - 20), "g"); }),
              HasSubstr("g:4: expected a line of nvidia-smi -L"));
  EXPECT_THAT(refusal([&] { parse_gpu_listing(list.substr(list.find("GPU 1")), "g"); }),
              HasSubstr("g:1: expected GPU 0"));
  const std::string table = sample("gpus-a100-80.csv");
  EXPECT_THAT(refusal([&] { parse_gpu_listing(table.substr(0, table.size() - 60), "g"); }),
              HasSubstr("g:9: expected"));
  EXPECT_THAT(refusal([] { parse_gpu_listing("", "g"); }), HasSubstr("found nothing"));
  EXPECT_THAT(refusal([] {
                parse_gpu_listing("NVIDIA-SMI has failed because it couldn't communicate\n", "g");
              }),
              HasSubstr("NVIDIA-SMI has failed"));
  EXPECT_THAT(refusal([] { parse_gpu_listing("0, NVIDIA H200, 143771 MiB\n", "g"); }),
              HasSubstr("with its header"));
  EXPECT_NE(refusal([] { parse_gpu_listing("name, memory.total [MiB]\nH200, 0 MiB\n", "g"); }), "");
  EXPECT_NE(refusal([] { parse_gpu_listing("name\n\x01\n", "g"); }), "");
}

TEST(Topology, OfAnNvswitchMachineWithColours) {
  const TopologyMatrix matrix = parse_topology_matrix(sample("topo-nvswitch.txt"), "t");
  EXPECT_EQ(matrix.gpus, 8);
  EXPECT_THAT(matrix.nics, ElementsAre("mlx5_0", "mlx5_1", "mlx5_2", "mlx5_3"));
  EXPECT_EQ(matrix.gpu_paths[2][5], "NV12");
  EXPECT_EQ(matrix.gpu_paths[2][2], "");
  EXPECT_EQ(matrix.text(), "NV12 between all pairs");
}

TEST(Topology, OfPairsFromAnOldDriver) {
  const TopologyMatrix matrix = parse_topology_matrix(sample("topo-pairs.txt"), "t");
  EXPECT_EQ(matrix.gpus, 4);
  EXPECT_THAT(matrix.nics, ElementsAre("mlx5_0"));
  // Pairs 01 and 23 have NVLink, 02 and 13 a host bridge, 03 and 12 the processors' link.
  EXPECT_EQ(matrix.text(), "NV4 between 2 of 6 pairs, PHB between 2, SYS between 2");
}

TEST(Topology, OfOneGpu) {
  const TopologyMatrix matrix =
      parse_topology_matrix("\tGPU0\tCPU Affinity\tNUMA Affinity\nGPU0\t X \t0-15\t0\n", "t");
  EXPECT_EQ(matrix.gpus, 1);
  EXPECT_THAT(matrix.nics, IsEmpty());
  EXPECT_EQ(matrix.text(), "");
}

TEST(Topology, RefusesWhatIsCutOrContradictsItself) {
  const std::string text = sample("topo-pairs.txt");
  EXPECT_THAT(
      refusal([&] { parse_topology_matrix(text.substr(0, text.find("GPU3    SYS")), "t"); }),
      HasSubstr("t: the row of GPU3 is missing"));
  EXPECT_THAT(
      refusal([&] { parse_topology_matrix(text.substr(0, text.find("GPU3    SYS") + 20), "t"); }),
      HasSubstr("t:5: expected 5 paths"));
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    changed.replace(changed.find(from), from.size(), to);
    return refusal([&] { parse_topology_matrix(changed, "t"); });
  };
  EXPECT_THAT(with("GPU0     X      NV4", "GPU0     X      NV9"),
              HasSubstr("GPU1 to GPU0 is NV4, and back it is NV9"));
  EXPECT_THAT(with("GPU0     X      NV4", "GPU0     X      FOO"),
              HasSubstr("t:2: expected a path as in"));
  EXPECT_THAT(with("GPU0     X ", "GPU0    SYS"), HasSubstr("X on the diagonal"));
  EXPECT_THAT(with("GPU1    NV4", "GPU7    NV4"), HasSubstr("expected a row of 5 devices"));
  EXPECT_THAT(with("GPU2    GPU3", "GPU3    GPU2"), HasSubstr("expected GPU2"));
  EXPECT_THAT(refusal([] { parse_topology_matrix("Failed to initialize NVML\n", "t"); }),
              HasSubstr("expected the matrix of nvidia-smi topo -m"));
}

/// A tree like /sys.
void add_port(const TemporaryFolder& folder, const std::string& device, const std::string& state,
              const std::string& rate, const std::string& layer = "InfiniBand") {
  const std::string port = "class/infiniband/" + device + "/ports/1/";
  folder.write(port + "state", state + "\n");
  folder.write(port + "rate", rate + "\n");
  folder.write(port + "link_layer", layer + "\n");
}
void add_interface(const TemporaryFolder& folder, const std::string& name, const std::string& state,
                   const std::string& speed, bool has_device = true) {
  const std::string net = "class/net/" + name + "/";
  folder.write(net + "operstate", state + "\n");
  folder.write(net + "type", "1\n");
  if (!speed.empty()) folder.write(net + "speed", speed + "\n");
  if (has_device) folder.write(net + "device/vendor", "0x15b3\n");
}

TEST(NetworkCards, OfAMachineWithInfiniband) {
  const TemporaryFolder sysfs;
  for (const char* name : {"mlx5_0", "mlx5_1", "mlx5_10"}) {
    add_port(sysfs, name, "4: ACTIVE", "200 Gb/sec (4X HDR)");
  }
  add_port(sysfs, "mlx5_2", "1: DOWN", "400 Gb/sec (4X NDR)");
  add_port(sysfs, "mlx5_3", "4: ACTIVE", "25 Gb/sec (1X EDR)", "Ethernet");
  add_interface(sysfs, "eth0", "up", "1000");
  const auto cards = cards_of_sysfs(sysfs.path());
  EXPECT_THAT(cards, SizeIs(6));
  const auto fast = fastest_cards(cards);
  EXPECT_EQ(cards_text(fast), "3 x InfiniBand 200 Gb/s (mlx5_0, mlx5_1, mlx5_10)");
  EXPECT_EQ(fast.front().bytes_per_s, 25e9);
}

TEST(NetworkCards, OfAMachineWithEthernet) {
  const TemporaryFolder sysfs;
  add_interface(sysfs, "eth0", "up", "25000");
  add_interface(sysfs, "eth1", "up", "25000");
  add_interface(sysfs, "eth2", "up", "1000");
  add_interface(sysfs, "eth3", "down", "-1");
  add_interface(sysfs, "docker0", "up", "10000", false);
  add_interface(sysfs, "lo", "unknown", "", false);
  EXPECT_EQ(cards_text(fastest_cards(cards_of_sysfs(sysfs.path()))),
            "2 x Ethernet 25 Gb/s (eth0, eth1)");
}

TEST(NetworkCards, SpeedsMayBeUnknown) {
  const TemporaryFolder sysfs;
  add_interface(sysfs, "eth0", "up", "-1");
  EXPECT_EQ(cards_text(fastest_cards(cards_of_sysfs(sysfs.path()))),
            "1 x Ethernet of unknown speed (eth0)");
  const TemporaryFolder nothing;
  EXPECT_THAT(cards_of_sysfs(nothing.path()), IsEmpty());
  EXPECT_EQ(cards_text({}), "");
  EXPECT_THAT(refusal([&] { cards_of_sysfs(nothing.path() / "no"); }),
              HasSubstr("expected a directory"));
}

TEST(NetworkCards, NamesOfASavedTreeAreForeign) {
  const TemporaryFolder sysfs;
  add_interface(sysfs, "eth0\x1b[31m", "up", "1000");
  EXPECT_THAT(refusal([&] { cards_of_sysfs(sysfs.path()); }),
              HasSubstr("expected the name of a network card"));
}

TEST(NetworkCards, OfIbstat) {
  const auto cards = parse_ibstat(sample("ibstat.txt"), "i");
  ASSERT_THAT(cards, SizeIs(3));
  EXPECT_FALSE(cards[1].active);
  EXPECT_EQ(cards[2].link, "Ethernet");
  EXPECT_EQ(cards_text(fastest_cards(cards)), "1 x InfiniBand 200 Gb/s (mlx5_0)");
  EXPECT_THAT(refusal([] { parse_ibstat("ibpanic: no umad\n", "i"); }),
              HasSubstr("i:1: expected a line of ibstat"));
  EXPECT_THAT(refusal([] { parse_ibstat("", "i"); }), HasSubstr("found no card"));
}

}  // namespace
}  // namespace sextant::testing
