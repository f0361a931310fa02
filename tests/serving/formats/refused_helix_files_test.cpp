// What is wrong in a file of Helix's is said with its place.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/serving/formats/helix_files.h"
#include "analyzer/serving/formats/machine_profiles.h"
#include "tests/serving/formats/small_helix_files.h"
#include "tests/support/reference_data.h"
#include "tests/support/temporary_folder.h"
#include "tests/topology/formats/refusal.h"

namespace sextant {
namespace {

using testing::kCluster;
using testing::kNetwork;
using testing::kProfiles;
using testing::kSolution;
using testing::three_layers;

class RefusedHelixFiles : public ::testing::Test {
 protected:
  static std::string with(std::string_view text, const std::string& old, const std::string& now) {
    std::string changed(text);
    const std::size_t at = changed.find(old);
    EXPECT_NE(at, std::string::npos) << old;
    return at == std::string::npos ? changed : changed.replace(at, old.size(), now);
  }
  std::string cluster(const std::string& old, const std::string& now) const {
    const auto file = folder_.write("c.ini", with(kCluster, old, now));
    return refusal(folder_.path(), [&] { read_helix_cluster(file, profiles_); });
  }
  std::string solution(const std::string& old, const std::string& now) const {
    const auto file = folder_.write("s.ini", with(kSolution, old, now));
    return refusal(folder_.path(), [&] { read_helix_placement(file, 2); });
  }
  std::string network(const std::string& old, const std::string& now,
                      std::string_view solution_text = kSolution) const {
    const auto file = folder_.write("n.ini", with(kNetwork, old, now));
    const auto placement = folder_.write("s.ini", solution_text);
    return refusal(folder_.path(), [&] { read_helix_network(file, placement, three_layers()); });
  }
  std::string hardware(const std::string& old, const std::string& now) const {
    const auto file = folder_.write("p.ini", with(kProfiles, old, now));
    return refusal(folder_.path(), [&] { read_machine_profiles(file); });
  }

  const TemporaryFolder folder_;
  const std::filesystem::path profiles_ = folder_.write("machines.ini", kProfiles);
};

TEST_F(RefusedHelixFiles, TheSmallOnesAreFine) {
  EXPECT_EQ(cluster("type=L4", "type=L4"), "no error");
  EXPECT_EQ(solution("offset", "offset"), "no error");
  EXPECT_EQ(network("link_a", "link_a"), "no error");
  EXPECT_EQ(hardware("[L4]", "[L4]"), "no error");
}

TEST_F(RefusedHelixFiles, Clusters) {
  EXPECT_EQ(cluster("=10 * mbps", "=0 * mbps"),
            "c.ini at line 17, key \"bandwidth\": expected more than 0, found \"0 * mbps\"");
  EXPECT_EQ(
      cluster("=10 * mbps", "=-10 * mbps"),
      "c.ini at line 17, key \"bandwidth\": expected a number greater than 0 times kbps, mbps or "
      "gbps, found \"-10 * mbps\"");
  EXPECT_EQ(
      cluster("latency=1 *", "latency=nan *"),
      "c.ini at line 18, key \"latency\": expected a number of at least 0 times Sec or MilliSec, "
      "found \"nan * MilliSec\"");
  EXPECT_EQ(cluster("[Link-0-1]", "[Link-0-7]"),
            "c.ini at line 22, section \"Link-0-7\": expected a link between machines 0 to 1, from "
            "'source' or to 'sink', found \"7\"");
  EXPECT_EQ(
      cluster("[Link-0-1]", "[Link-1-0]"),
      "c.ini at line 22, section \"Link-1-0\": expected the lower of two machines first, found "
      "\"1-0\"");
  EXPECT_EQ(
      cluster("[Link-0-1]", "[Link-0-sink]"),
      "c.ini at line 22, section \"Link-0-sink\": expected a link between nodes that list each "
      "other in connected_nodes, found \"0-sink\"");
  EXPECT_EQ(
      cluster("[Link-0-1]", "[Link-source-sink]"),
      "c.ini at line 22, section \"Link-source-sink\": expected a link of a machine, found source "
      "and sink");
  EXPECT_EQ(cluster("[Link-0-1]\nbandwidth=10 * mbps\nlatency=1 * MilliSec\n", ""),
            "c.ini: expected a section [Link-0-1], as connected_nodes has it, found none");
  EXPECT_EQ(cluster("connected_nodes=[0, 'sink']", "connected_nodes=['sink']"),
            "c.ini at line 14, key \"connected_nodes\": expected machine 0 to be connected, as the "
            "list of machine 0 has it, found that it is not");
  EXPECT_EQ(
      cluster("connected_nodes=['source', 1]", "connected_nodes=[1]"),
      "c.ini at line 11, key \"connected_nodes\": expected what [SourceNode] says of machine 0, "
      "found that it is not connected");
  EXPECT_EQ(
      cluster("connected_nodes=[0, 'sink']", "connected_nodes=[0, 5, 'sink']"),
      "c.ini at line 14, key \"connected_nodes\": expected 'source', 'sink' and other machines "
      "from 0 to 1, found \"5\"");
  EXPECT_EQ(
      cluster("connected_nodes=[0, 'sink']", "connected_nodes=[0, 0, 'sink']"),
      "c.ini at line 14, key \"connected_nodes\": expected each node once, found \"0\" twice");
  EXPECT_EQ(
      cluster("connected_nodes=[0]", "connected_nodes=[2]"),
      "c.ini at line 5, key \"connected_nodes\": expected whole numbers from 0 to 1, found \"2\"");
  EXPECT_EQ(cluster("total_compute_nodes=2", "total_compute_nodes=3"),
            "c.ini: expected a section \"ComputeNode-2\", found none");
  EXPECT_EQ(
      cluster("total_compute_nodes=2", "total_compute_nodes=0"),
      "c.ini at line 2, key \"total_compute_nodes\": expected a whole number from 1 to 16384, "
      "found \"0\"");
  EXPECT_EQ(cluster("[Link-source-0]", "[ComputeNode-2]"),
            "c.ini at line 16, section \"ComputeNode-2\": expected machines 0 to 1, as "
            "total_compute_nodes says, found another");
  EXPECT_EQ(cluster("[Link-source-0]", "[Lnk-source-0]"),
            "c.ini at line 16, section \"Lnk-source-0\": expected NodeNames, SourceNode, SinkNode, "
            "ComputeNode-… or Link-…, found another section");
  EXPECT_EQ(cluster("bandwidth=10 * mbps", "bandwith=10 * mbps"),
            "c.ini at line 17, section \"Link-source-0\": unknown key \"bandwith\", did you mean "
            "\"bandwidth\"?");
}

TEST_F(RefusedHelixFiles, Solutions) {
  EXPECT_EQ(
      solution("[0, 1]", "[0, 2]"),
      "s.ini at line 5, key \"compute_node_2\": expected layers without a gap, 1 after 0, found "
      "2");
  EXPECT_EQ(
      solution("[0, 1]", "[1, 0]"),
      "s.ini at line 5, key \"compute_node_2\": expected layers without a gap, 2 after 1, found "
      "0");
  EXPECT_EQ(solution("[0, 1]", "[-1, 0]"),
            "s.ini at line 5, key \"compute_node_2\": expected whole numbers from 0 to 9999, found "
            "\"-1\"");
  EXPECT_EQ(
      solution("compute_node_3=[2]", ""),
      "s.ini at line 4, section \"Solution\": expected the key \"compute_node_3\", found none");
  EXPECT_EQ(
      solution("compute_node_3=[2]", "compute_node_3=[2]\ncompute_node_9=[2]"),
      "s.ini at line 7, key \"compute_node_9\": expected 2 machines, as the cluster has, found "
      "\"compute_node_9\"");
  EXPECT_EQ(
      solution("offset=2", "offset=3"),
      "s.ini at line 4, section \"Solution\": expected the key \"compute_node_4\", found none");
}

TEST_F(RefusedHelixFiles, Networks) {
  EXPECT_EQ(
      network("machine_type=\"L4\"", "machine_type=\"H100\""),
      "n.ini at line 13, key \"machine_type\": expected a type of machine that has a profile for "
      "small, found \"\\\"H100\\\"\"");
  EXPECT_EQ(network("in=compute_node_2", "in=compute_node_7"),
            "n.ini at line 32, key \"in\": expected source or a machine of [ComputeNodes], found "
            "\"compute_node_7\"");
  EXPECT_EQ(network("out=compute_node_3", "out=compute_node_2"),
            "n.ini at line 31, section \"link_b\": expected a link between machines whose layers "
            "follow each other, found \"link_b\"");
  EXPECT_EQ(network("names=['link_a', 'link_b'", "names=['link_a', 'link_d'"),
            "n.ini: expected a section \"link_d\", found none");
  EXPECT_EQ(network("names=['link_a', 'link_b'", "names=['link_a', 'link_a'"),
            "n.ini at line 25, key \"names\": expected each link once, found \"link_a\"");
  EXPECT_EQ(
      network("names=['link_a', 'link_b', ", "names=['link_a', "),
      "n.ini at line 31, section \"link_b\": expected a machine of [ComputeNodes] or a link of "
      "[Links], found neither");
  EXPECT_EQ(
      network("names=['compute_node_2', ", "names=["),
      "n.ini at line 7, key \"names\": expected compute_node_2, which holds layers, at its place, "
      "found \"compute_node_3\"");
  EXPECT_EQ(network("kv_cache_capacity=1000", "kv_cache_capacity=-1"),
            "n.ini at line 14, key \"kv_cache_capacity\": expected a whole number from 0 to "
            "1000000000000, found \"-1\"");
  EXPECT_EQ(network("link_a", "link_a", with(kSolution, "[2]", "[2, 3]")),
            "s.ini: expected layers below 3, as small has, found 3 of compute_node_3");
  EXPECT_EQ(network("link_a", "link_a", with(kSolution, "[2]", "[]")),
            "n.ini at line 33, key \"out\": expected a machine that holds layers, found "
            "\"compute_node_3\"");
}

TEST_F(RefusedHelixFiles, Hardware) {
  EXPECT_EQ(
      hardware("vram_size = 24 * GB", "vram_size = 24 * mbps"),
      "p.ini at line 10, key \"vram_size\": expected a number greater than 0 times Byte, KB, MB "
      "or GB, found \"24 * mbps\"");
  EXPECT_EQ(
      hardware("[SinkNode]", "[Sink]"),
      "p.ini at line 4, section \"Sink\": expected the key \"outbound_nic_speed\", found none");
  EXPECT_EQ(hardware("disk_speed = 1 * gbps\n", ""),
            "p.ini at line 6, section \"L4\": expected the key \"disk_speed\", found none");
}

TEST_F(RefusedHelixFiles, MissingFiles) {
  EXPECT_NE(refusal(folder_.path(), [&] { read_helix_cluster(folder_.path() / "no", profiles_); }),
            "no error");
  EXPECT_NE(refusal(folder_.path(), [&] { read_helix_profiles(folder_.path(), "llama30b"); }),
            "no error");
}

TEST_F(RefusedHelixFiles, ModelsWithoutProfile) {
  const auto data = reference_data("helix");
  SEXTANT_NEEDS(data);
  EXPECT_THAT(refusal(data, [&] { read_helix_profiles(data, "gpt2"); }),
              ::testing::StrEq("profiles/machine_limits.json: no model \"gpt2\"; there are "
                               "llama1_30b, llama2_70b"));
  const ServingProfiles profiles = read_helix_profiles(data, "llama30b");
  EXPECT_THAT(
      refusal(data, [&] { profiles.type_index("H100"); }),
      ::testing::StartsWith("no profile of machine type 'H100' for llama30b; there are A100,"));
}

}  // namespace
}  // namespace sextant
