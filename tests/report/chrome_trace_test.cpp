#include "analyzer/report/chrome_trace.h"

#include <algorithm>
#include <map>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <rapidcheck/gtest.h>

#include "analyzer/core/error.h"
#include "tests/support/schema_check.h"

namespace sextant {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Two stages, one microbatch: stage 0 computes 1 ms, sends for 0.25 ms while it waits, and gets
/// the gradient at 4 ms.
Timeline timeline() {
  Timeline t;
  t.tracks = {{0, 0, 0}, {0, 1, 0}};
  t.spans = {
      {0, Stream::kCompute, Activity::kBackward, 0, 0, 4e-3, 6e-3},
      {0, Stream::kCompute, Activity::kForward, 0, 0, 0, 1e-3},
      {0, Stream::kSend, Activity::kSendActivation, 0, 0, 1e-3, 1.25e-3},
      {0, Stream::kSync, Activity::kSync, -1, 0, 6e-3, 6.5e-3},
      {1, Stream::kCompute, Activity::kForward, 0, 0, 1.25e-3, 2e-3},
      {1, Stream::kCompute, Activity::kBackward, 0, 0, 2e-3, 3.5e-3},
  };
  t.memory = {{0, 0, 1000}, {0, 1e-3, 2500}, {0, 6e-3, 1000}, {1, 0, 700}};
  t.end_s = 6.5e-3;
  return t;
}

std::vector<json> events_of(const std::string& text, const std::string& phase) {
  std::vector<json> out;
  const json document = json::parse(text);
  for (const json& event : document.at("traceEvents")) {
    if (event.at("ph") == phase) out.push_back(event);
  }
  return out;
}

TEST(ChromeTrace, SaysWhoDoesWhatWhen) {
  const std::vector<json> spans = events_of(chrome_trace(timeline()), "X");
  ASSERT_EQ(spans.size(), 6U);
  std::vector<std::string> names;
  for (const json& span : spans) names.push_back(span.at("name"));
  // By stage replica, stream and time, however the timeline has them.
  EXPECT_THAT(names, ElementsAre("forward 0", "backward 0", "send activation 0", "sync",
                                 "forward 0", "backward 0"));
  EXPECT_EQ(spans[1], json::parse(R"({"ph": "X", "name": "backward 0", "cat": "backward", "pid": 1,
      "tid": 1, "ts": 4000.0, "dur": 2000.0, "args": {"microbatch": 0, "chunk": 0}})"));
  EXPECT_EQ(spans[3], json::parse(R"({"ph": "X", "name": "sync", "cat": "sync", "pid": 1,
      "tid": 3, "ts": 6000.0, "dur": 500.0})"));
}

TEST(ChromeTrace, NamesAndOrdersProcessesAndThreads) {
  std::map<std::string, std::vector<json>> metadata;
  for (const json& event : events_of(chrome_trace(timeline()), "M")) {
    metadata[event.at("name")].push_back(event);
  }
  ASSERT_EQ(metadata["process_name"].size(), 2U);
  EXPECT_EQ(metadata["process_name"][1].at("args").at("name"), "pipeline 0 stage 1 replica 0");
  EXPECT_EQ(metadata["process_sort_index"].size(), 2U);
  // Streams on which nothing happens have no track: stage 1 neither sends nor synchronises.
  ASSERT_EQ(metadata["thread_name"].size(), 4U);
  EXPECT_EQ(metadata["thread_name"][2].at("args").at("name"), "sync");
  EXPECT_EQ(metadata["thread_name"][3].at("pid"), 2);
  EXPECT_EQ(metadata["thread_sort_index"].size(), 4U);
}

TEST(ChromeTrace, HasMemoryAsACounterOfEveryStageReplica) {
  const std::vector<json> memory = events_of(chrome_trace(timeline()), "C");
  ASSERT_EQ(memory.size(), 4U);
  EXPECT_EQ(memory[1], json::parse(R"({"ph": "C", "name": "memory", "pid": 1, "ts": 1000.0,
      "args": {"bytes": 2500}})"));
  EXPECT_EQ(memory[3].at("pid"), 2);
}

TEST(ChromeTrace, IsDescribedAndTheSameTwice) {
  const std::string text = chrome_trace(timeline(), {{"model", "a \"model\""}});
  EXPECT_EQ(text, chrome_trace(timeline(), {{"model", "a \"model\""}}));
  testing::SchemaCheck check("timeline");
  EXPECT_EQ(check.problems(text), "");
  EXPECT_THAT(check.unseen(), IsEmpty());
  EXPECT_EQ(check.problems(chrome_trace({})), "");
  EXPECT_EQ(json::parse(text).at("otherData").at("model"), "a \"model\"");
}

std::string refusal(const Timeline& broken) {
  try {
    chrome_trace(broken);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInternal);
    return error.what();
  }
  return "";
}

TEST(ChromeTrace, RefusesATimelineThatContradictsItself) {
  Timeline t = timeline();
  t.spans[0].start_s = 0.9e-3;
  EXPECT_THAT(refusal(t), HasSubstr("backward 0 on stream compute of pipeline 0 stage 0 replica 0 "
                                    "starts at 0.0009 s, before forward 0 ends at 0.001 s"));
  t.spans[0].start_s = 7e-3;
  EXPECT_THAT(refusal(t), HasSubstr("goes from 0.007 s to 0.006 s"));
  t.spans[0].start_s = -1e-3;
  EXPECT_THAT(refusal(t), HasSubstr("goes from -0.001 s"));
  t = timeline();
  t.spans[0].track = 2;
  EXPECT_THAT(refusal(t), HasSubstr("a span of track 2, of 2"));
  t = timeline();
  std::swap(t.memory[0], t.memory[1]);
  EXPECT_THAT(refusal(t), HasSubstr("memory of track 0 at 0 s after that of track 0 at 0.001 s"));
  t = timeline();
  t.memory[0].track = -1;
  EXPECT_THAT(refusal(t), HasSubstr("memory of track -1"));
}

// Spans of a stream that touch to the last bit stay disjoint and in order in the file, whatever
// their lengths and wherever the timeline has them; nothing is lost.
RC_GTEST_PROP(ChromeTrace, KeepsStreamsDisjoint, (unsigned seed)) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> length(0, 1e-3);
  Timeline t;
  t.tracks = {{0, 0, 0}, {0, 0, 1}};
  for (int track = 0; track < 2; ++track) {
    for (const Stream stream : {Stream::kCompute, Stream::kSend}) {
      double now = 0;
      for (int i = 0; i < 50; ++i) {
        const double end = now + length(random) * static_cast<double>(random() % 4);
        t.spans.push_back({track, stream, Activity::kForward, i, 0, now, end});
        now = end;
      }
    }
  }
  std::shuffle(t.spans.begin(), t.spans.end(), random);
  const std::vector<json> spans = events_of(chrome_trace(t), "X");
  RC_ASSERT(spans.size() == t.spans.size());
  std::map<std::pair<int, int>, double> ends;
  for (const json& span : spans) {
    const double start = span.at("ts");
    const double duration = span.at("dur");
    double& end = ends[{span.at("pid"), span.at("tid")}];
    RC_ASSERT(duration >= 0);
    RC_ASSERT(start >= end - 1e-6);  // a thousandth of the nanosecond that times are rounded to
    end = start + duration;
  }
  RC_ASSERT(ends.size() == 4U);
}

}  // namespace
}  // namespace sextant
