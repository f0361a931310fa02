#include "analyzer/report/html/timeline_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "tests/report/two_stages.h"

namespace sextant {
namespace {

using testing::two_stages;

// 6.5 ms are 6.5 million nanoseconds, of which starts count from the start before.
TEST(TimelineData, IsWhatHappensInWholeUnits) {
  const OrderedJson data = timeline_data({two_stages(4), "estimated", "A remark.",
                                          std::vector<std::string>(8, "A100-40 TP1"),
                                          std::vector<double>(8, 16.0 * (1 << 30))});
  EXPECT_EQ(data["unit_s"], 1e-9);
  EXPECT_EQ(data["end"], 6500000);
  EXPECT_EQ(data["rows"].size(), 2U);
  EXPECT_EQ(data["rows"][0], OrderedJson::parse(R"({
    "name": "stage 0, replicas 0-3", "times": 4, "note": "A100-40 TP1", "capacity_mib": 16384,
    "groups": [
      {"stream": 0, "activity": 0, "first": 0, "starts": [0], "lasts": 1000000},
      {"stream": 0, "activity": 1, "first": 0, "starts": [4000000], "lasts": 2000000},
      {"stream": 1, "activity": 4, "first": 0, "starts": [1000000], "lasts": 250000},
      {"stream": 2, "activity": 6, "starts": [6000000], "lasts": 500000}],
    "exposed": [1000000, 250000, 5000000, 500000],
    "memory": [0, 1024, 1000000, 512]})"));
}

TEST(TimelineData, WritesMicrobatchesOutOfOrderOneByOne) {
  Timeline t;
  t.tracks = {{0, 0, 0}};
  for (const int microbatch : {1, 0, 3}) {
    const double start_s = static_cast<double>(t.spans.size());
    t.spans.push_back({0, Stream::kCompute, Activity::kForward, microbatch, 0, start_s,
                       start_s + 0.5 + 0.1 * microbatch});
  }
  t.end_s = 3;
  const OrderedJson group = timeline_data({t, "", ""})["rows"][0]["groups"][0];
  EXPECT_EQ(group["microbatches"], OrderedJson({1, 0, 3}));
  EXPECT_EQ(group["starts"], OrderedJson({0, 1000000, 1000000}));
  EXPECT_EQ(group["lasts"], OrderedJson({600000, 500000, 800000}));
}

/// 512 stage replicas, each with times of its own: nothing can be told once for several.
TEST(TimelineData, OfManyUnequalRanksStaysSmall) {
  Timeline t;
  constexpr int kStages = 8, kReplicas = 64, kMicrobatches = 64;
  for (int r = 0; r < kReplicas; ++r) {
    for (int s = 0; s < kStages; ++s) {
      const int track = static_cast<int>(t.tracks.size());
      t.tracks.push_back({0, s, r});
      const double slow = 1 + 1e-4 * r;
      for (int m = 0; m < kMicrobatches; ++m) {
        const double at = slow * (s + 3.0 * m);
        t.spans.push_back({track, Stream::kCompute, Activity::kForward, m, 0, at, at + slow});
        t.spans.push_back(
            {track, Stream::kCompute, Activity::kBackward, m, 0, at + slow, at + 3 * slow});
        t.spans.push_back(
            {track, Stream::kSend, Activity::kSendActivation, m, 0, at + slow, at + 1.1 * slow});
        t.spans.push_back(
            {track, Stream::kSend, Activity::kSendGradient, m, 0, at + 3 * slow, at + 3.1 * slow});
        t.memory.push_back({track, at, 1e9 + 1e8 * (m % 2)});
      }
    }
  }
  t.end_s = 1.1 * 3 * (kMicrobatches + kStages);
  const OrderedJson data = timeline_data({t, "", ""});
  EXPECT_EQ(data["rows"].size(), 512U);
  EXPECT_LT(data.dump().size(), 2.5e6);
}

TEST(TimelineData, RefusesATimelineWithoutAnEnd) {
  EXPECT_THROW(timeline_data({Timeline(), "", ""}), Error);
}

}  // namespace
}  // namespace sextant
