#include "analyzer/network/network_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant {
namespace {

using testing::HasSubstr;

/// Two GPU types: F has 10 GB/s a GPU into 25 GB/s of NICs, S 4 GB/s a GPU and a NIC for each. The
/// way from zone a to b carries 1 GB/s a stream and 3 GB/s in all, the way back half of that.
constexpr const char* kNetwork = R"({
  "schema": "sextant/network/1.0",
  "name": "test",
  "source": "made up",
  "levels": [
    {"level": "inside_node", "links": [
      {"gpu": "F", "evidence": "measured-gpu", "source": "x", "node_bandwidth_bytes_per_s": 4e11,
       "model": {"kind": "latency_bandwidth", "latency_s": 2e-6, "bandwidth_bytes_per_s": 2e11}}]},
    {"level": "between_nodes", "links": [
      {"gpu": "F", "evidence": "replayed", "source": "x", "node_bandwidth_bytes_per_s": 25e9,
       "valid_bytes": [1000, 1000000],
       "model": {"kind": "latency_bandwidth", "latency_s": 5e-6, "bandwidth_bytes_per_s": 10e9}},
      {"evidence": "estimated", "source": "x",
       "model": {"kind": "latency_bandwidth", "latency_s": 9e-6, "bandwidth_bytes_per_s": 4e9}},
      {"gpu": "Q", "senders": 2, "evidence": "replayed", "source": "x",
       "model": {"kind": "quadratic_log2_mb", "coefficients": [0, 0.5, 2], "max_bytes_per_s": 5e9}},
      {"gpu": "Q", "senders": 4, "evidence": "replayed", "source": "x",
       "model": {"kind": "quadratic_log2_mb", "coefficients": [0, 1, 4], "max_bytes_per_s": 9e9}}]},
    {"level": "between_zones", "links": [
      {"from_zone": "a", "to_zone": "b", "evidence": "estimated", "source": "x",
       "node_bandwidth_bytes_per_s": 3e9,
       "model": {"kind": "latency_bandwidth", "latency_s": 2e-2, "bandwidth_bytes_per_s": 1e9}},
      {"from_zone": "b", "to_zone": "a", "evidence": "estimated", "source": "x",
       "node_bandwidth_bytes_per_s": 1.5e9,
       "model": {"kind": "latency_bandwidth", "latency_s": 2e-2, "bandwidth_bytes_per_s": 5e8}},
      {"from_zone": "a", "to_zone": "c", "evidence": "estimated", "source": "x",
       "model": {"kind": "latency_bandwidth", "latency_s": 4e-2, "bandwidth_bytes_per_s": 50e9}}]}]})";

NetworkDocument network_of(std::string_view text) {
  const JsonDocument document = JsonDocument::parse(text, "net.json");
  return NetworkDocument(document.root_of_kind("network", 1));
}

TEST(NetworkDocument, GivesOneNodeItsGpusLinksUpToItsNics) {
  const NetworkDocument network = network_of(kNetwork);
  const auto peak = [&](const char* from, int n, const char* to, int m) {
    return network.between({"a", from, n}, {"a", to, m}).peak_bytes_per_s();
  };
  EXPECT_EQ(peak("F", 1, "F", 1), 10e9);
  EXPECT_EQ(peak("F", 2, "F", 2), 20e9);
  EXPECT_EQ(peak("F", 4, "F", 4), 25e9);  // the NICs bind
  EXPECT_EQ(peak("F", 4, "F", 1), 10e9);  // the receiver binds
  EXPECT_EQ(peak("S", 4, "S", 4), 16e9);  // a NIC for each
  EXPECT_EQ(peak("F", 4, "S", 4), 16e9);  // the slower of both types
  const LinkModel mixed = network.between({"a", "F", 1}, {"a", "S", 1});
  EXPECT_EQ(mixed.latency_s(), 9e-6);
  EXPECT_EQ(network.between({"a", "F", 4}, {"a", "F", 4}).high_bytes(), 1e6);
}

TEST(NetworkDocument, TakesAQuadraticAsItWasMeasured) {
  const NetworkDocument network = network_of(kNetwork);
  const auto at = [&](int count) { return network.between({"a", "Q", count}, {"a", "Q", count}); };
  EXPECT_EQ(at(2).peak_bytes_per_s(), 5e9);
  EXPECT_EQ(at(3), at(2));
  EXPECT_EQ(at(4).peak_bytes_per_s(), 9e9);
  EXPECT_EQ(at(8), at(4));
  EXPECT_THROW(at(1), Error);
  EXPECT_DOUBLE_EQ(at(4).transfer_s(2e6), 0.002 / 5);  // x = 1: 1 + 4 GB/s
  EXPECT_EQ(network.between({"a", "Q", 4}, {"a", "F", 4}), at(4));
}

TEST(NetworkDocument, ReachesOtherZonesInBothDirections) {
  const NetworkDocument network = network_of(kNetwork);
  const auto link = [&](const char* from, const char* to, int n) {
    return network.between({from, "F", n}, {to, "S", n});
  };
  EXPECT_EQ(link("a", "b", 1).peak_bytes_per_s(), 1e9);
  EXPECT_EQ(link("a", "b", 2).peak_bytes_per_s(), 2e9);
  EXPECT_EQ(link("a", "b", 4).peak_bytes_per_s(), 3e9);
  EXPECT_EQ(link("b", "a", 4).peak_bytes_per_s(), 1.5e9);
  EXPECT_EQ(link("a", "b", 1).latency_s(), 2e-2);
  // One entry serves both ways; here the NICs bind, 4 GB/s at S and 10 GB/s at F.
  EXPECT_EQ(link("a", "c", 1).peak_bytes_per_s(), 4e9);
  EXPECT_EQ(link("c", "a", 1), link("a", "c", 1));
  EXPECT_THROW(link("b", "c", 1), Error);
  EXPECT_THROW(link("a", "nowhere", 1), Error);
}

TEST(NetworkDocument, SharesTheInsideOfANode) {
  const NetworkDocument network = network_of(kNetwork);
  EXPECT_EQ(network.inside_node("F", 2)->peak_bytes_per_s(), 2e11);
  EXPECT_EQ(network.inside_node("F", 4)->peak_bytes_per_s(), 1e11);  // 4e11 shared by four
  EXPECT_FALSE(network.inside_node("S", 2).has_value());
}

TEST(NetworkDocument, SaysItsWeakestEvidence) {
  EXPECT_EQ(network_of(kNetwork).describe(), "estimated: test (8 links); made up");
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), by);
}

TEST(NetworkDocument, SaysWhereADocumentIsWrong) {
  const auto refuses = [](std::string_view what, std::string_view by, const char* message) {
    try {
      network_of(replaced(kNetwork, what, by));
      FAIL() << "expected an error: " << by;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      EXPECT_THAT(error.what(), HasSubstr("net.json"));
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
  };
  refuses("network/1.0", "network/2.0", "major version 1");
  refuses("network/1.0", "cluster/1.0", "sextant/network/1.x");
  refuses("\"inside_node\"", "\"between_nodes\"", "each level once");
  refuses("\"between_nodes\"", "\"between_racks\"", "one of inside_node");
  refuses("\"senders\": 2", "\"senders\": 4", "a second");
  refuses("\"senders\": 2", "\"senders\": 0", "an integer from 1");
  refuses("10e9", "10", "GB/s");
  refuses("10e9", "1e15", "10 TB/s");
  refuses("10e9", "0", "greater than zero");
  refuses("5e-6", "25", "microseconds");
  refuses("5e-6", "-1", "not negative");
  refuses("[1000, 1000000]", "[1000]", "smallest, largest");
  refuses("[1000, 1000000]", "[1000, 1]", "smallest, largest");
  refuses("[0, 0.5, 2]", "[0, 0.5]", "three coefficients");
  refuses("\"replayed\"", "\"guessed\"", "one of measured-gpu");
  refuses("\"to_zone\": \"b\"", "\"to_zone\": \"a\"", "another zone");
  refuses("\"gpu\": \"F\"", "\"gup\": \"F\"", "did you mean");
  refuses("\"gpu\": \"F\"", "\"to_zone\": \"F\"", "between_zones only");
  refuses("\"name\": \"test\",", "", "the member \"name\"");
  refuses("latency_bandwidth", "guess", "quadratic_log2_mb");
}

TEST(NetworkDocument, RefusesAnEmptyOne) {
  const auto with_levels = [](const char* levels) {
    return std::string(R"({"schema": "sextant/network/1.0", "name": "x", "levels": )") + levels +
           "}";
  };
  EXPECT_THROW(network_of(with_levels("[]")), Error);
  EXPECT_THROW(network_of(with_levels("{}")), Error);
  EXPECT_THROW(network_of(with_levels(R"([{"level": "inside_node", "links": []}])")), Error);
}

}  // namespace
}  // namespace sextant
