#include "analyzer/cluster/cluster_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "tests/support/project_paths.h"
#include "tests/support/reference_data.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kCluster = R"({
  "schema": "sextant/cluster/1.0",
  "name": "test",
  "pools": [
    {"gpu": "A100", "zone": "a", "nodes": 3, "gpus_per_node": 4, "nics_per_node": 2,
     "usd_per_gpu_hour": 3.5},
    {"gpu": "V100-16", "zone": "b", "count": 10, "gpus_per_node": 8, "memory_bytes": 17179869184,
     "quota": 9}],
  "prices": {"date": "2025-01-31", "source": "x",
             "egress_usd_per_gb": {"a": {"b": 0.02}, "b": {"a": 0.03}}},
  "network": {"name": "n", "levels": [{"level": "between_nodes", "links": [
    {"evidence": "estimated", "source": "x",
     "model": {"kind": "latency_bandwidth", "latency_s": 1e-5, "bandwidth_bytes_per_s": 1e9}}]}]}
})";

/// Stands for the shipped table of GPU types.
GpuDefaults resolve(std::string_view name) {
  if (name == "A100" || name == "A100-40") return {"A100-40", 40.0 * 1024 * 1024 * 1024, 4.0, 8};
  if (name == "V100-16") return {"V100-16", 16.0 * 1024 * 1024 * 1024, 0, 8};
  throw_bad_input("no GPU type " + quote(name));
}

class ClusterDocument : public testing::Test {
 protected:
  Cluster cluster_of(std::string_view text, const GpuResolver& resolver = resolve) {
    folder_.write("cluster.json", text);
    return read_cluster(file(), resolver);
  }
  std::filesystem::path file() const { return folder_.path() / "cluster.json"; }

  TemporaryFolder folder_;
};

TEST_F(ClusterDocument, HoldsPoolsPricesAndTheNetwork) {
  const Cluster cluster = cluster_of(kCluster);
  // 3 nodes of 4; 10 GPUs, of which the quota allows 9.
  EXPECT_EQ(cluster.summary(), "12xA100-40@a+9xV100-16@b");
  EXPECT_EQ(cluster.gpu_count(), 21);
  EXPECT_EQ(cluster.pools[0].memory_bytes, 42949672960.0);
  EXPECT_EQ(cluster.pools[0].usd_per_hour, 3.5);  // the document's, not the table's
  EXPECT_EQ(cluster.pools[0].nics_per_node, 2);
  EXPECT_EQ(cluster.pools[1].node_count(), 2);
  EXPECT_DOUBLE_EQ(cluster.egress("b", "a"), 3e-11);
  EXPECT_EQ(cluster.egress("a", "a"), 0);
  EXPECT_EQ(cluster.price_date, "2025-01-31");
  EXPECT_THAT(cluster.notes, ElementsAre(HasSubstr("no price of V100-16")));
  EXPECT_EQ(cluster.network->between({"a", "A100-40", 1}, {"a", "A100-40", 1}).peak_bytes_per_s(),
            1e9);
}

TEST_F(ClusterDocument, TakesATypeThatNobodyKnowsWhereThePoolSaysAllOfIt) {
  std::string text = kCluster;
  text.replace(text.find("\"A100\""), 6, "\"X1\"");
  EXPECT_THROW(cluster_of(text), Error);  // no memory
  text.replace(text.find("\"usd_per_gpu_hour\""), 0, "\"memory_bytes\": 24e9, ");
  const Cluster cluster = cluster_of(text);
  EXPECT_EQ(cluster.pools[0].gpu, "X1");
  EXPECT_EQ(cluster.pools[0].memory_bytes, 24e9);
  EXPECT_THAT(cluster.notes, testing::Contains(HasSubstr("\"X1\" is no known GPU type")));
}

TEST_F(ClusterDocument, ReadsAsItWrites) {
  const Cluster first = cluster_of(kCluster);
  const OrderedJson network = OrderedJson::parse(kCluster)["network"];
  const std::string text = json_text(to_json(first, network));
  const Cluster second = cluster_of(text, {});
  EXPECT_EQ(second.summary(), first.summary());
  EXPECT_EQ(second.egress_usd_per_byte, first.egress_usd_per_byte);
  EXPECT_EQ(second.notes, first.notes);
  EXPECT_EQ(second.pools[0].memory_bytes, first.pools[0].memory_bytes);
  EXPECT_EQ(json_text(to_json(second, network)), text);
  EXPECT_THAT(text, HasSubstr("\"b\": 0.02\n"));
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), by);
}

TEST_F(ClusterDocument, FindsItsNetworkBesideItself) {
  const std::string text = kCluster;
  const std::size_t at = text.find("{\"name\": \"n\"");
  const std::string network = text.substr(at, text.rfind('}') - at);
  folder_.write("links/net.json", replaced(network, "{", "{\"schema\": \"sextant/network/1.0\", "));
  const Cluster cluster = cluster_of(replaced(text, network, "\"links/net.json\""));
  EXPECT_THAT(cluster.network->describe(), HasSubstr("estimated: n"));
  EXPECT_THROW(cluster_of(replaced(text, network, "\"absent.json\"")), Error);

  // Without one, everything else works, and a look-up says what is missing.
  const Cluster alone = cluster_of(replaced(text, network, "null"));
  try {
    alone.network->between({"a", "A100-40", 1}, {"b", "V100-16", 1});
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("has no network"));
  }
}

TEST_F(ClusterDocument, TakesTheNetworkOfAnArtifact) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  OrderedJson document = OrderedJson::parse(kCluster);
  document["network"] = {{"artifact", std::filesystem::absolute(data).string()}};
  const Cluster cluster = cluster_of(document.dump());
  EXPECT_THAT(cluster.network->describe(), HasSubstr("1016 published links"));
}

TEST_F(ClusterDocument, SaysWhereADocumentIsWrong) {
  const auto refuses = [&](std::string_view what, std::string_view by, const char* message) {
    try {
      cluster_of(replaced(kCluster, what, by));
      FAIL() << "expected an error: " << by;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      EXPECT_THAT(error.what(), HasSubstr("cluster.json at "));
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
  };
  refuses("cluster/1.0", "cluster/2.0", "major version 1");
  refuses("cluster/1.0", "job/1.0", "sextant/cluster/1.x");
  refuses("\"A100\"", "\"B100\"", "no GPU type \"B100\"");
  refuses("\"V100-16\", \"zone\": \"b\"", "\"A100\", \"zone\": \"a\"", "one pool for each");
  refuses("\"nodes\": 3", "\"nodes\": -1", "from 0 to");
  refuses("\"nodes\": 3", "\"nodes\": 99999999", "from 0 to");
  refuses("\"nodes\": 3,", "", "\"count\" (GPUs) or \"nodes\"");
  refuses("\"count\": 10", "\"nodes\": 3, \"count\": 10", "the 2 nodes that 10 GPUs");
  refuses("\"count\": 10", "\"count\": 10000000000", "from 0 to 10000000");
  refuses("\"count\": 10", "\"count\": \"10\"", "an integer");
  refuses("\"gpus_per_node\": 8", "\"gpus_per_node\": 0", "from 1 to 1024");
  refuses("17179869184", "16", "looks like GB");
  refuses("17179869184", "-1", "greater than zero");
  refuses("3.5", "-3.5", "not negative");
  refuses("3.5", "35000", "USD for one GPU");
  refuses("0.02", "-0.02", "not negative");
  refuses("2025-01-31", "31.1.2025", "YYYY-MM-DD");
  refuses("{\"b\": 0.02}", "{\"c\": 0.02}", "a zone of one of the pools");
  refuses("\"gpus_per_node\": 4", "\"gpu_per_node\": 4", "gpus_per_node");
  refuses("\"name\": \"test\"", "\"name\": \"te\\nst\"", "without control characters");
  refuses("1e9", "1", "GB/s");
  EXPECT_THROW(cluster_of(R"({"schema": "sextant/cluster/1.0", "name": "x", "pools": []})"), Error);
}

TEST_F(ClusterDocument, NeedsMemoryWhereNobodyKnowsIt) {
  try {
    cluster_of(kCluster, {});
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("/pools/0"));
    EXPECT_THAT(error.what(), HasSubstr("memory_bytes"));
  }
}

TEST_F(ClusterDocument, HoldsAHundredThousandGpus) {
  const Cluster cluster = cluster_of(replaced(kCluster, "\"nodes\": 3", "\"nodes\": 25000"));
  EXPECT_EQ(cluster.gpu_count(), 100'009);
}

TEST(ShippedClusters, StandOnTheirOwn) {
  const std::filesystem::path folder =
      std::filesystem::path(sextant::source_path("profiles/clusters"));
  int found = 0;
  int with_prices = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const Cluster cluster = read_cluster(entry.path());
    ++found;
    const bool priced = !cluster.price_date.empty();  // those that serve only are not
    with_prices += priced;
    for (const GpuPool& a : cluster.pools) {
      EXPECT_EQ(a.usd_per_hour > 0, priced) << entry.path();
      EXPECT_EQ(cluster.network->inside_node(a.gpu, a.gpus_per_node).has_value(),
                a.gpus_per_node > 1)
          << entry.path();
      for (const GpuPool& b : cluster.pools) {
        for (int count = 1; count <= a.gpus_per_node; count *= 2) {
          const LinkModel link =
              cluster.network->between({a.zone, a.gpu, count}, {b.zone, b.gpu, count});
          EXPECT_GT(link.peak_bytes_per_s(), 1e8) << entry.path();
        }
        EXPECT_EQ(cluster.egress(a.zone, b.zone) > 0, priced && a.zone != b.zone) << entry.path();
      }
    }
    EXPECT_THAT(cluster.network->describe(), HasSubstr("estimated")) << entry.path();
  }
  EXPECT_GE(found, 3);
  EXPECT_GE(with_prices, 2);
}

}  // namespace
}  // namespace sextant
