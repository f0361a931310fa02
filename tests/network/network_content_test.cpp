#include "analyzer/network/network_content.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/network/network_document.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;

const std::string kFitted = R"({
 "schema": "sextant/network/1.1", "name": "fitted",
 "levels": [
  {"level": "inside_node", "links": [
    {"op": "copy_h2d", "gpu": "G", "evidence": "measured-gpu", "source": "x",
     "model": {"kind": "latency_bandwidth", "latency_s": 1e-5, "bandwidth_bytes_per_s": 5e10}},
    {"gpu": "G", "evidence": "measured-gpu", "source": "x", "valid_bytes": [1000, 1000000],
     "model": {"kind": "segments", "segments": [
       {"from_bytes": 0, "start_s": 1e-6, "bytes_per_s": 1e9},
       {"from_bytes": 10000, "start_s": 2e-5, "bytes_per_s": 1e10}]},
     "fit": {"method": "m", "points": 9, "sweeps": 2, "spread_between_sweeps": 0.1,
             "coefficients": [{"name": "segments[0].start_s", "value": 1e-6, "standard_error": 1e-8},
                              {"name": "segments[1].from_bytes", "value": 10000}],
             "median_residual": 0.01, "largest_residual": 0.05, "residual_scale": 0.02,
             "candidates": [{"model": "saturating", "left_out_median": 0.02, "left_out_p90": 0.04},
                            {"model": "segments of 3", "reason": "needs 10 sizes"}],
             "sources": ["a.json"]}}]},
  {"level": "between_nodes", "links": [
    {"gpu": "G", "senders": 2, "evidence": "measured-gpu", "source": "x",
     "node_bandwidth_bytes_per_s": 3e9, "valid_bytes": [2000, 2000000],
     "model": {"kind": "saturating", "latency_s": 1e-5, "bandwidth_bytes_per_s": 2e9,
               "middle_bytes": 10000, "middle_s": 1e-5, "exponent": 0.5}}]}],
 "collectives": [
  {"op": "all_gather", "level": "inside_node", "gpu": "G", "evidence": "measured-gpu", "source": "x",
   "worlds": [
    {"world_size": 2, "valid_bytes": [1000, 1000000],
     "model": {"kind": "latency_bandwidth", "latency_s": 1e-5, "bandwidth_bytes_per_s": 1e10},
     "fit": {"method": "m", "points": 9, "sweeps": 1, "coefficients": [], "median_residual": 0,
             "largest_residual": 0, "residual_scale": 0, "sources": []}}],
   "terms": {"launch_s": 1e-6, "step_s": 1e-6, "bandwidth_bytes_per_s": 1e9,
             "valid_bytes": [1000, 1000000], "world_sizes": [2, 4],
             "fit": {"method": "m", "points": 9, "sweeps": 1, "coefficients": [],
                     "median_residual": 0, "largest_residual": 0, "residual_scale": 0,
                     "held_out": [{"what": "world size 4", "median_error": 0.1,
                                   "largest_error": 0.2}],
                     "sources": []}}}]})";

NetworkContent content_of(const std::string& text) {
  const JsonDocument document = JsonDocument::parse(text, "net.json");
  return network_content_from(document.root_of_kind("network", 1));
}

TEST(NetworkContent, IsWrittenAsItIsRead) {
  const std::string text = json_text(network_json(content_of(kFitted)));
  EXPECT_EQ(nlohmann::json::parse(text), nlohmann::json::parse(kFitted));
}

TEST(NetworkContent, LooksUpLinksAndPassesOverCopies) {
  const JsonDocument document = JsonDocument::parse(kFitted, "net.json");
  const NetworkDocument network(document.root());
  const LinkModel inside = network.inside_node("G", 2).value();
  EXPECT_EQ(inside.kind(), LinkModel::Kind::kSegments);
  // 2 us of 1 KB: 1 us + 1000 / 1e9; smaller ones take as long.
  EXPECT_DOUBLE_EQ(inside.transfer_s(1000), 2e-6);
  EXPECT_DOUBLE_EQ(inside.transfer_s(1), 2e-6);
  // From 10 KB: 20 us + 90 KB / 10 GB/s = 29 us.
  EXPECT_DOUBLE_EQ(inside.transfer_s(100'000), 29e-6);
  // 1 MB: 20 + 99 = 119 us, and twice as much takes twice as long.
  EXPECT_DOUBLE_EQ(inside.transfer_s(2'000'000), 238e-6);
  EXPECT_DOUBLE_EQ(inside.peak_bytes_per_s(), 1e6 / 119e-6);
  EXPECT_EQ(network.describe(), "measured-gpu: fitted (3 links, 1 collective)");
}

// Of two senders: 10 us + s / 2 GB/s + 10 us (s / 10 KB)^0.5. One sends half of it, so that its
// 10 KB take what 20 KB take of two; four reach the NICs' 3 GB/s.
TEST(NetworkContent, ScalesFittedLinksByTheirSenders) {
  const JsonDocument document = JsonDocument::parse(kFitted, "net.json");
  const NetworkDocument network(document.root());
  const auto link = [&](int count) {
    return network.between({"z", "G", count}, {"z", "G", count});
  };
  EXPECT_DOUBLE_EQ(link(2).transfer_s(40'000), 10e-6 + 20e-6 + 20e-6);
  EXPECT_DOUBLE_EQ(link(1).transfer_s(20'000), link(2).transfer_s(40'000));
  EXPECT_DOUBLE_EQ(link(4).transfer_s(80'000), 10e-6 + 80e-6 / 3 + 20e-6);
  EXPECT_EQ(link(1).low_bytes(), 1000);
  EXPECT_EQ(link(4).high_bytes(), 4e6);
}

// all_gather of 4: launch 1 + 3 steps of 1 us + 0.75 * 4 us = 7 us.
TEST(NetworkContent, PredictsCollectivesOfMeasuredAndOtherWorlds) {
  const JsonDocument document = JsonDocument::parse(kFitted, "net.json");
  const NetworkDocument network(document.root());
  const auto time = [&](int world, LinkLevel level = LinkLevel::kInsideNode) {
    return network.collective(CommunicationOp::kAllGather, "G", level, world);
  };
  ASSERT_TRUE(time(2).has_value());
  EXPECT_TRUE(time(2)->measured());
  EXPECT_EQ(time(2)->evidence(), Evidence::kMeasuredGpu);
  EXPECT_DOUBLE_EQ(time(2)->seconds(1e5), 2e-5);
  EXPECT_FALSE(time(2)->extrapolates(1e5));
  ASSERT_TRUE(time(4).has_value());
  EXPECT_FALSE(time(4)->measured());
  EXPECT_EQ(time(4)->evidence(), Evidence::kEstimated);
  EXPECT_NEAR(time(4)->seconds(4000), 7e-6, 1e-15);
  EXPECT_FALSE(time(4)->extrapolates(4000));
  EXPECT_TRUE(time(4)->extrapolates(10));
  EXPECT_TRUE(time(8)->extrapolates(4000));
  EXPECT_FALSE(time(1).has_value());
  EXPECT_FALSE(time(2, LinkLevel::kBetweenNodes).has_value());
  EXPECT_FALSE(
      network.collective(CommunicationOp::kAllReduce, "G", LinkLevel::kInsideNode, 2).has_value());
}

TEST(NetworkContent, EntersWhatIsNewAndKeepsTheRest) {
  NetworkContent old = content_of(kFitted);
  NetworkContent news = content_of(kFitted);
  news.levels[0].erase(news.levels[0].begin());  // no copy was measured again
  news.levels[0][0].source = "new";
  news.levels[1][0].node_bandwidth_bytes_per_s = std::numeric_limits<double>::infinity();
  news.levels[1][0].senders = 4;  // another class
  news.collectives[0].worlds[0].world_size = 8;
  news.collectives[0].terms.reset();
  old.update(news);
  ASSERT_EQ(old.levels[0].size(), 2U);
  EXPECT_EQ(old.levels[0][0].op, CommunicationOp::kCopyHostToDevice);
  EXPECT_EQ(old.levels[0][1].source, "new");
  EXPECT_EQ(old.levels[1].size(), 2U);
  ASSERT_EQ(old.collectives.size(), 1U);
  EXPECT_EQ(old.collectives[0].worlds[0].world_size, 2);
  EXPECT_EQ(old.collectives[0].worlds[1].world_size, 8);
  EXPECT_TRUE(old.collectives[0].terms.has_value());
}

TEST(NetworkContent, SaysWhereItIsWrong) {
  const auto refuses = [](std::string_view what, std::string_view by, const char* message) {
    std::string text = kFitted;
    const std::size_t at = text.find(what);
    ASSERT_NE(at, std::string::npos) << what;
    try {
      content_of(text.replace(at, what.size(), by));
      FAIL() << "expected an error: " << by;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      EXPECT_THAT(error.what(), HasSubstr("net.json"));
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
  };
  refuses("\"start_s\": 2e-5", "\"start_s\": 1e-6", "no earlier than the last ends");
  refuses("\"from_bytes\": 0", "\"from_bytes\": 5", "begin at 0 bytes");
  refuses("\"exponent\": 0.5", "\"exponent\": 1.5", "between 0 and 1");
  refuses("\"middle_bytes\": 10000", "\"middle_bytes\": 0", "greater than zero");
  refuses("copy_h2d", "all_reduce", "collectives have a list");
  refuses("all_gather", "send_recv", "a collective");
  refuses("\"residual_scale\"", "\"residual_scales\"", "did you mean");
  refuses("\"world_sizes\": [2, 4]", "\"world_sizes\": [1]", "an integer from 2");
}

}  // namespace
}  // namespace sextant
