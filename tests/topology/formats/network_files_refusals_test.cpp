// What is wrong with a network file, word for word.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/topology/formats/network_files.h"
#include "tests/support/temporary_folder.h"
#include "tests/topology/formats/refusal.h"

namespace sextant {
namespace {

struct Refused {
  const char* content;
  const char* message;
};

TEST(BadNetworks, OfTheArtifact) {
  const TemporaryFolder folder;
  for (const Refused& row : {
           Refused{R"({"topology": ["Ring", "Swich"], "npus-count": [8, 128],
                       "network-type": ["Package", "Pod"]})",
                   "net.json at \"/topology/1\": expected one of Ring, FullyConnected, Switch, "
                   "found \"Swich\" (did you mean \"Switch\"?)"},
           {R"({"topology": ["Ring", "Switch"], "npus-count": [8], "network-type": ["A", "B"]})",
            "net.json at \"/npus-count\": expected as many elements as \"topology\" has, 2, found "
            "1"},
           {R"({"topology": ["Ring"], "npus-count": [8], "network-type": ["A", "B"]})",
            "net.json at \"/network-type\": expected as many elements as \"topology\" has, 1, "
            "found 2"},
           {R"({"topology": ["Ring"], "npus-count": [1], "network-type": ["A"]})",
            "net.json at \"/npus-count/0\": expected an integer from 2 to 16777216, found 1"},
           {R"({"topology": ["Ring"], "npus-count": ["8"], "network-type": ["A"]})",
            "net.json at \"/npus-count/0\": expected an integer from 2 to 16777216, found the "
            "string \"8\""},
           {R"({"topology": ["Ring"], "npus-count": [8.5], "network-type": ["A"]})",
            "net.json at \"/npus-count/0\": expected an integer from 2 to 16777216, found 8.5"},
           {R"({"topology": ["Ring"], "npus-count": [8], "network-type": [""]})",
            "net.json at \"/network-type/0\": expected a name of 1 to 200 bytes without control "
            "characters, found the string \"\""},
           {R"({"topology": "Ring", "npus-count": [8], "network-type": ["A"]})",
            "net.json at \"/topology\": expected an array, found the string \"Ring\""},
           {R"({"topology": [], "npus-count": [], "network-type": []})",
            "net.json: topology \"net\": expected 1 to 10 dimensions, found 0"},
           {R"({"topology": ["Ring"], "npus-count": [8]})",
            "net.json at the top level: expected the member \"network-type\", found none"},
           {R"({"topology": ["Ring"], "npu-count": [8], "network-type": ["A"]})",
            "net.json at the top level: expected only known members, found \"npu-count\" (did you "
            "mean \"npus-count\"?)"},
           {R"({"topology": ["Ring"], "npus-count": [8], "network-type": ["A"],
                "total-bandwidth": 0})",
            "net.json at \"/total-bandwidth\": expected a bandwidth greater than zero, found 0"},
           {R"({"topology": ["Ring"], "npus-count": [8], "network-type": ["A"],
                "total-bandwidth": -100})",
            "net.json at \"/total-bandwidth\": expected a bandwidth greater than zero, found -100"},
           {R"({"topology": ["Ring"], "npus-count": [8], "network-type": ["A"],
                "total-bandwidth": "100"})",
            "net.json at \"/total-bandwidth\": expected a number, found the string \"100\""},
           {R"({"topology": ["Ring"], "npus-count": [8], "network-type": ["A"],
                "total-bandwidth": 100000000000})",
            "net.json at \"/total-bandwidth\": expected at most 1000000: a larger figure looks "
            "like one in another unit, found 100000000000"},
           {R"({"topology": ["Ring"], "npus-count": [8], "network-type": ["A"],
                "total-bandwidth": NaN})",
            "net.json: is not valid JSON at byte 101 near \"\\\"total-bandwidth\\\": N\": syntax "
            "error while parsing value - invalid literal"},
           {R"({"topology": ["Ring", "Ring"], "npus-count": [8192, 8192],
                "network-type": ["A", "B"]})",
            "net.json: topology \"net\", dimension 1: with it the network has more than 16777216 "
            "NPUs"},
           {R"({"topology": ["Ring"], "topology": ["Ring"]})",
            "net.json: the key \"topology\" stands twice in one object"},
           {R"({"nodes": 8})",
            "net.json at the top level: expected a network: a \"schema\" of kind topology, LIBRA's "
            "\"topology\" and \"npus-count\", or ASTRA-sim's \"topologies-per-dim\", found none of "
            "these members"},
           {R"([8])",
            "net.json at the top level: expected a network: a \"schema\" of kind topology, LIBRA's "
            "\"topology\" and \"npus-count\", or ASTRA-sim's \"topologies-per-dim\", found an "
            "array of 1 elements"},
           {"\n", "net.json: is empty; expected JSON or YAML"},
       }) {
    const auto file = folder.write("net.json", row.content);
    EXPECT_EQ(refusal(folder.path(), [&] { read_network_file(file); }), row.message);
  }
}

TEST(BadNetworks, OfTheRelease) {
  const TemporaryFolder folder;
  for (const Refused& row : {
           Refused{"Topology: [ Ring, Swich ]\nNpusCount: [ 8, 8 ]\nCostDimension: [ A, B ]\n",
                   "net.yml at line 1, column 19: expected one of Ring, FullyConnected, Switch, "
                   "found \"Swich\" (did you mean \"Switch\"?)"},
           {"Topology: [ Ring ]\nNpusCount: [ 8, 8 ]\nCostDimension: [ A ]\n",
            "net.yml at line 2, column 12: expected as many elements as \"Topology\" has, 1, found "
            "2"},
           {"Topology: [ Ring ]\nNpusCount: [ \"8\" ]\nCostDimension: [ A ]\n",
            "net.yml at line 2, column 14: expected an integer from 2 to 16777216, found the "
            "string \"8\""},
           {"Topology: [ Ring ]\nNpusCount: [ 1 ]\nCostDimension: [ A ]\n",
            "net.yml at line 2, column 14: expected an integer from 2 to 16777216, found 1"},
           {"Topology: [ Ring ]\nNpusCount: [ ~ ]\nCostDimension: [ A ]\n",
            "net.yml at line 2, column 14: expected an integer from 2 to 16777216, found nothing"},
           {"Topology: [ Ring ]\nNpusCount: 8\nCostDimension: [ A ]\n",
            "net.yml at line 2, column 12: expected a list, found 8"},
           {"Topology: [ Ring ]\nTopology: [ Ring ]\n",
            "net.yml at line 2, column 1: the key \"Topology\" stands twice"},
           {"Topology: [ Ring ]\nNpusCounts: [ 8 ]\nCostDimension: [ A ]\n",
            "net.yml at line 2, column 13: expected only known keys, found \"NpusCounts\" (did you "
            "mean \"NpusCount\"?)"},
           {"Topology: [ Ring ]\nNpusCount: [ 8 ]\n",
            "net.yml at line 1, column 1: expected the key \"CostDimension\", found none"},
           {"Topology: [ Ring\nNpusCount: [ 8 ]\n",
            "net.yml at line 2, column 10: is not valid YAML: \"end of sequence flow not found\""},
           {"Topology: [ Ring ]\n---\nTopology: [ Ring ]\n",
            "net.yml: expected one YAML document, found 2"},
           {"Ring\n", "net.yml at line 1, column 1: expected a map, found \"Ring\""},
           {"# nothing\n", "net.yml: expected one YAML document, found 0"},
           {"&a [ *a ]\n", "net.yml at line 1, column 1: is nested more than 64 deep"},
           {"Topology: &a [ *a ]\n", "net.yml at line 1, column 11: is nested more than 64 deep"},
       }) {
    const auto file = folder.write("net.yml", row.content);
    EXPECT_EQ(refusal(folder.path(), [&] { read_network_file(file); }), row.message);
  }
}

TEST(BadNetworks, OfAstraSim) {
  const TemporaryFolder folder;
  const auto with = [](const std::string& changed) {
    const std::string all =
        R"("topology-name": "Hierarchical", "topologies-per-dim": ["Ring", "Switch"], "dimension-type": ["N", "N"], "dimensions-count": 2, "units-count": [8, 4], "links-count": [2, 1], "link-latency": [1, 1], "link-bandwidth": [25, 50])";
    const std::string key = changed.substr(0, changed.find(':'));
    const std::size_t at = all.find(key);
    if (at == std::string::npos) return "{" + all + ", " + changed + "}";
    const std::size_t end = std::min(all.find(", \"", at), all.size());
    return "{" + all.substr(0, at) + changed + all.substr(end) + "}";
  };
  for (const Refused& row : {
           Refused{
               R"("units-count": [1, 1])",
               "net.json at \"/units-count/0\": expected at least 2 NPUs (a 1 is a placeholder in "
               "ASTRA-sim's files, in whose place its command line puts --units-count), found 1"},
           {R"("units-count": [8])",
            "net.json at \"/units-count\": expected as many elements as \"topologies-per-dim\" "
            "has, 2, found 1"},
           {R"("dimensions-count": 3)",
            "net.json at \"/dimensions-count\": expected 2, as many as \"topologies-per-dim\" has, "
            "found 3"},
           {R"("dimensions-count": 2.0)",
            "net.json at \"/dimensions-count\": expected an integer from 1 to 2147483647, found "
            "2.0"},
           {R"("links-count": [0, 1])",
            "net.json at \"/links-count/0\": expected an integer from 1 to 65536, found 0"},
           {R"("link-bandwidth": [25, -50])",
            "net.json at \"/link-bandwidth/1\": expected a bandwidth greater than zero, found -50"},
           {R"("link-bandwidth": [25, 0])",
            "net.json at \"/link-bandwidth/1\": expected a bandwidth greater than zero, found 0"},
           {R"("link-latency": [1, -1])",
            "net.json at \"/link-latency/1\": expected a number that is not negative, found -1"},
           {R"("topology-name": "Torus")",
            "net.json at \"/topology-name\": expected one of Hierarchical, found the string "
            "\"Torus\""},
           {R"("link-latencies": [1, 1])",
            "net.json at the top level: expected only known members, found \"link-latencies\" (did "
            "you mean \"link-latency\"?)"},
       }) {
    const auto file = folder.write("net.json", with(row.content));
    EXPECT_EQ(refusal(folder.path(), [&] { read_network_file(file); }), row.message);
  }
}

TEST(BadNetworks, OfOurs) {
  const TemporaryFolder folder;
  const std::string head = R"({"schema": "sextant/topology/1.0", "name": "x", )";
  const std::string whole =
      head + R"("dimensions": [{"npus": 8, "block": "Ring", "tier": "Pod"}], )";
  for (const auto& [content, message] : std::vector<std::pair<std::string, std::string>>{
           {R"({"schema": "sextant/topology/2.0"})",
            "net.json at \"/schema\": expected major version 1 or older (this program is 0.1.0), "
            "found sextant/topology/2.0"},
           {R"({"schema": "sextant/network/1.0"})",
            "net.json at \"/schema\": expected \"sextant/topology/1.x\", found the string "
            "\"sextant/network/1.0\""},
           {head + R"("dimensions": []})",
            "net.json: topology \"x\": expected 1 to 10 dimensions, found 0"},
           {head + R"("dimensions": [{"npus": 8, "block": "ring", "tier": "Pod"}]})",
            "net.json at \"/dimensions/0/block\": expected one of Ring, FullyConnected, Switch, "
            "found \"ring\" (did you mean \"Ring\"?)"},
           {head + R"("dimensions": [{"npus": 8, "block": "Ring"}]})",
            "net.json at \"/dimensions/0\": expected the member \"tier\", found none"},
           {head + R"("dimensions": [{"npus": 8, "block": "Ring", "tier": "Pod", "x": 1}]})",
            "net.json at \"/dimensions/0\": expected only known members, found \"x\""},
           {whole + R"("total_gb_per_s": 0})",
            "net.json at \"/total_gb_per_s\": expected a bandwidth greater than zero, found 0"},
           {whole + R"("bandwidth_gb_per_s": [1, 2]})",
            "net.json at \"/bandwidth_gb_per_s\": expected as many elements as \"dimensions\" has, "
            "1, found 2"},
           {whole + R"("bandwidth_gb_per_s": [-1]})",
            "net.json at \"/bandwidth_gb_per_s/0\": expected a bandwidth greater than zero, found "
            "-1"},
           {whole + R"("bandwidth_gb_per_s": [100], "total_gb_per_s": 200})",
            "net.json at \"/total_gb_per_s\": expected the sum of \"bandwidth_gb_per_s\", 100, "
            "found 200"},
           {whole + R"("latency_ns": [-5]})",
            "net.json at \"/latency_ns/0\": expected a number that is not negative, found -5"},
           {whole + R"("prices": {}})",
            "net.json at \"/prices\": expected the prices of at least one tier, found an object of "
            "0 members"},
           {whole + R"("prices": {"Pod": {"switch": 3}}})",
            "net.json at \"/prices/Pod\": expected the member \"link\", found none"},
           {whole + R"("prices": {"Pod": {"link": -3}}})",
            "net.json at \"/prices/Pod/link\": expected a number that is not negative, found -3"},
           {whole + R"("prices": {"Pod": {"link": 3, "Switch": 1}}})",
            "net.json at \"/prices/Pod\": expected only known members, found \"Switch\" (did you "
            "mean \"switch\"?)"},
           {whole + R"("cost_convention": "shared"})",
            "net.json at \"/cost_convention\": expected one of shared-links, own-links, found the "
            "string \"shared\""},
       }) {
    const auto file = folder.write("net.json", content);
    EXPECT_EQ(refusal(folder.path(), [&] { read_network_file(file); }), message);
  }
}

TEST(BadPrices, OfAllForms) {
  const TemporaryFolder folder;
  for (const Refused& row : {
           Refused{R"({"Pod": {"Link": "7.8"}})",
                   "prices at \"/Pod/Link\": expected a number, found the string \"7.8\""},
           {R"({"Pod": 7.8})", "prices at \"/Pod\": expected an object, found 7.8"},
           {R"({"Pod": {"Link": 7.8, "NIC": 31.6}})",
            "prices at \"/Pod\": expected only known members, found \"NIC\""},
           {R"({})",
            "prices at the top level: expected the prices of at least one tier, found an object of "
            "0 members"},
           {R"({"schema": "sextant/topology/1.0", "name": "x",
                "dimensions": [{"npus": 8, "block": "Ring", "tier": "Pod"}]})",
            "prices at the top level: expected the member \"prices\", found none"},
           {"Pod:\n  Link: .nan\n",
            "prices at line 2, column 9: expected a number, found \".nan\""},
           {"Pod:\n  Link: -1\n",
            "prices at line 2, column 9: expected a number that is not negative, found -1"},
           {"Pod:\n  Link: 7.8\n  Link: 7.9\n",
            "prices at line 3, column 3: the key \"Link\" stands twice"},
           {"Pod:\n  Switch: 18\n",
            "prices at line 2, column 3: expected the key \"Link\", found none"},
       }) {
    const auto file = folder.write("prices", row.content);
    EXPECT_EQ(refusal(folder.path(), [&] { read_network_prices(file); }), row.message);
  }
}

}  // namespace
}  // namespace sextant
