#include "analyzer/report/timeline_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/report/two_stages.h"

namespace sextant {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::Field;
using testing::two_stages;

auto stretch(double start_s, double end_s) {
  return ::testing::AllOf(Field(&ExposedTime::start_s, DoubleEq(start_s)),
                          Field(&ExposedTime::end_s, DoubleEq(end_s)));
}

// Stage 0 sends from 1 to 1.25 ms and synchronises from 6 to 6.5 ms while it computes nothing; from
// 1.25 to 4 ms nothing is on its way. Stage 1 waits from 0 for what is sent from 1 ms on.
TEST(TimelineRows, TellExposedCommunicationFromBubbles) {
  const std::vector<TimelineRow> rows = timeline_rows(two_stages(), 1e-9);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_THAT(rows[0].exposed, ElementsAre(stretch(1e-3, 1.25e-3), stretch(6e-3, 6.5e-3)));
  EXPECT_THAT(rows[1].exposed, ElementsAre(stretch(1e-3, 1.25e-3)));
}

TEST(TimelineRows, DoNotCountWhatComputationHides) {
  Timeline t = two_stages();
  t.spans.push_back({1, Stream::kSend, Activity::kSendGradient, 0, 0, 3e-3, 3.5e-3});
  EXPECT_THAT(timeline_rows(t, 1e-9)[1].exposed, ElementsAre(stretch(1e-3, 1.25e-3)));
}

TEST(TimelineRows, ShowEqualReplicasOnce) {
  const Timeline t = two_stages(4);
  const std::vector<TimelineRow> rows = timeline_rows(t, 1e-9);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].tracks.size(), 4U);
  EXPECT_EQ(name_of(rows[0], t), "stage 0, replicas 0-3");
  EXPECT_EQ(name_of(rows[1], t), "stage 1, replicas 0-3");
}

TEST(TimelineRows, KeepThoseThatDifferApart) {
  Timeline slow = two_stages(3);
  for (TimelineSpan& span : slow.spans) {
    if (slow.tracks[static_cast<std::size_t>(span.track)].replica == 1) span.end_s += 1e-6;
  }
  std::vector<TimelineRow> rows = timeline_rows(slow, 1e-9);
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(name_of(rows[0], slow), "stage 0, replicas 0, 2");
  EXPECT_EQ(timeline_rows(slow, 1e-5).size(), 2U);

  Timeline full = two_stages(2);
  full.memory.back().bytes *= 2;
  EXPECT_EQ(timeline_rows(full, 1e-9).size(), 3U);
  EXPECT_EQ(timeline_rows(two_stages(2), 1e-9, {"A", "A", "B", "A"}).size(), 3U);
}

TEST(TimelineRows, NamePipelinesWhereThereAreSeveral) {
  Timeline t = two_stages(2);
  for (TimelineTrack& track : t.tracks) std::swap(track.pipeline, track.replica);
  const std::vector<TimelineRow> rows = timeline_rows(t, 1e-9);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(name_of(rows[1], t), "pipelines 0-1, stage 1");
  EXPECT_EQ(name_of(timeline_rows(two_stages(), 1e-9)[1], two_stages()), "stage 1");
}

}  // namespace
}  // namespace sextant
