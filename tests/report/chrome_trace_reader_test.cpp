#include "analyzer/report/chrome_trace_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/report/chrome_trace.h"
#include "tests/report/two_stages.h"

namespace sextant {
namespace {

using testing::two_stages;

RecordedTimeline read(const std::string& text) {
  const JsonDocument document = JsonDocument::parse(text, "trace.json");
  return read_chrome_trace(document.root());
}

TEST(ChromeTraceReader, ReadsWhatWasWritten) {
  const std::string text = chrome_trace(two_stages(2), {{"model", "OPT-350M"}});
  const RecordedTimeline recorded = read(text);
  EXPECT_EQ(recorded.about.at("model"), "OPT-350M");
  EXPECT_DOUBLE_EQ(recorded.timeline.end_s, 6.5e-3);
  EXPECT_EQ(recorded.timeline.tracks.size(), 4U);
  EXPECT_EQ(chrome_trace(recorded.timeline, recorded.about), text);
}

TEST(ChromeTraceReader, NamesThePlaceOfWhatIsNotOurs) {
  const auto expect_refused = [](const std::string& from, const std::string& to,
                                 const std::string& message) {
    std::string text = chrome_trace(two_stages());
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    try {
      read(text);
      FAIL() << "accepted " << to;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      EXPECT_THAT(error.what(), ::testing::HasSubstr("trace.json at \"/traceEvents"));
      EXPECT_THAT(error.what(), ::testing::HasSubstr(message));
    }
  };
  expect_refused("pipeline 0 stage 0 replica 0", "python", "pipeline N stage N replica N");
  expect_refused("pipeline 0 stage 0 replica 0", "pipeline 0 stage -1 replica 0", "pipeline N");
  expect_refused("\"cat\":\"forward\",\"pid\":1", "\"cat\":\"forward\",\"pid\":9", "process_name");
  expect_refused("\"cat\":\"forward\"", "\"cat\":\"sideways\"", "sideways");
  expect_refused("\"tid\":1,\"ts\"", "\"tid\":7,\"ts\"", "7");
  expect_refused("\"dur\":1000.0", "\"dur\":-1", "-1");
}

TEST(ChromeTraceReader, RefusesAnEmptyOne) {
  EXPECT_THROW(read(R"({"otherData": {}, "traceEvents": []})"), Error);
}

}  // namespace
}  // namespace sextant
