#include "analyzer/cluster/availability_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/core/random.h"
#include "tests/support/reference_data.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kTrace =
    ",Timestamp,A100-40_us-central1-a,V100-16_us-central1-a\n"
    "0,1712574014.0187,32,96\n"
    "1,1712574137.19241,80,240\n"
    "2,1712574258.52282,128,384\n";

void expect_refused(std::string_view text, const char* message) {
  try {
    parse_trace_csv(text, "trace.csv");
    FAIL() << "expected an error for " << text;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_THAT(error.what(), HasSubstr(message)) << text;
  }
}

// Row 1 lasts 1712574258.52282 - 1712574137.19241 = 121.33041 s, the last row nothing.
TEST(AvailabilityTrace, ReadsRowsWithTheirDurations) {
  const AvailabilityTrace trace = parse_trace_csv(kTrace, "trace.csv");
  ASSERT_EQ(trace.columns.size(), 2U);
  EXPECT_EQ(trace.columns[1].gpu, "V100-16");
  EXPECT_EQ(trace.columns[1].zone, "us-central1-a");
  ASSERT_EQ(trace.rows.size(), 3U);
  EXPECT_NEAR(trace.rows[1].duration_s, 121.33041, 1e-6);
  EXPECT_EQ(trace.rows[2].duration_s, 0);
  EXPECT_THAT(trace.rows[2].counts, ElementsAre(128, 384));
  EXPECT_THAT(trace.available(1), ElementsAre(GpuCount{"A100-40", "us-central1-a", 80},
                                              GpuCount{"V100-16", "us-central1-a", 240}));
}

TEST(AvailabilityTrace, LeavesOutWhatThereIsNoneOf) {
  const AvailabilityTrace trace =
      parse_trace_csv(",Timestamp,A_z,B_z\n0,1,0,7\n1,2,0,0\n", "trace.csv");
  EXPECT_THAT(trace.available(0), ElementsAre(GpuCount{"B", "z", 7}));
  const auto code_of = [&](std::size_t row) {
    try {
      trace.available(row);
    } catch (const Error& error) {
      return error.exit_code();
    }
    return 0;
  };
  EXPECT_EQ(code_of(1), 4);  // infeasible: no GPUs
  EXPECT_EQ(code_of(2), 2);  // usage: no such row
}

TEST(AvailabilityTrace, ReadsLineEndsMarksAndBlankLinesAsTheyAreMeant) {
  for (const char* text : {"\xEF\xBB\xBF,Timestamp,A_z\r\n0,1,100000\r\n\r\n",
                           ",Timestamp,A_z\n0,1,100000", "Timestamp,A_z\n\n1,100000\n  \n"}) {
    EXPECT_THAT(parse_trace_csv(text, "trace.csv").available(0),
                ElementsAre(GpuCount{"A", "z", 100'000}));
  }
  // A zone may hold underscores, a GPU type may not.
  EXPECT_EQ(parse_trace_csv("Timestamp,A_my_zone\n1,1\n", "t").columns[0].zone, "my_zone");
}

TEST(AvailabilityTrace, SaysWhereATraceIsWrong) {
  expect_refused("", "trace.csv:1:1: expected a header");
  expect_refused("\n\n", "expected a header");
  expect_refused("time,A_z\n1,1\n", "trace.csv:1:1");
  expect_refused(",time,A_z\n0,1,1\n", "trace.csv:1:2");
  expect_refused(",", "trace.csv:1:2");
  expect_refused(",Timestamp\n0,1\n", "column <gpu>_<zone>");
  expect_refused(",Timestamp,A_z\n", "at least one row");
  expect_refused(",Timestamp,A_z,A_z\n0,1,1,1\n", "trace.csv:1:16: expected each column once");
  expect_refused(",Timestamp,Az\n0,1,1\n", "<gpu>_<zone>");
  expect_refused(",Timestamp,_z\n0,1,1\n", "<gpu>_<zone>");
  expect_refused(",Timestamp,A_\n0,1,1\n", "<gpu>_<zone>");
  expect_refused(",Timestamp,\"A_z\"\n0,1,1\n", "<gpu>_<zone>");
  expect_refused(",Timestamp,A_\x1b[31mz\n0,1,1\n", "<gpu>_<zone>");
  expect_refused(",Timestamp,A_z\n0,1\n", "trace.csv:2:3: expected 3 cells");
  expect_refused(",Timestamp,A_z\n0,1,1,1\n", "expected 3 cells as in the header, found 4");
  expect_refused(",Timestamp,A_z\nx,1,1\n", "the row's index");
  expect_refused(",Timestamp,A_z\n0,noon,1\n", "trace.csv:2:3: expected a time");
  expect_refused(",Timestamp,A_z\n0,1e999,1\n", "expected a time");
  expect_refused(",Timestamp,A_z\n0,nan,1\n", "expected a time");
  expect_refused(",Timestamp,A_z\n0,1,-1\n", "trace.csv:2:5: expected a number of GPUs");
  expect_refused(",Timestamp,A_z\n0,1,1.5\n", "number of GPUs");
  expect_refused(",Timestamp,A_z\n0,1,\n", "number of GPUs");
  expect_refused(",Timestamp,A_z\n0,1,99999999999999999999\n", "number of GPUs");
  expect_refused(",Timestamp,A_z\n0,2,1\n1,1,1\n", "trace.csv:3:3: expected a time after");
  expect_refused(",Timestamp,A_z\n0,2,1\n1,2,1\n", "expected a time after");
  expect_refused("\xFF\xFE,\0T\0", "UTF-16");
  expect_refused(std::string_view(",Timestamp\0,A_z\n0,1,1\n", 22), "at byte 10");
}

// Every prefix of a trace is either a shorter legal trace or a clear error.
TEST(AvailabilityTrace, SurvivesTruncationAtEveryByte) {
  const std::string_view whole = kTrace;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    try {
      const AvailabilityTrace trace = parse_trace_csv(whole.substr(0, size), "trace.csv");
      EXPECT_LE(trace.rows.size(), 3U);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput) << size;
    }
  }
}

TEST(AvailabilityTrace, SurvivesFlippedBytes) {
  Random random(7);
  for (int i = 0; i < 5000; ++i) {
    std::string text = kTrace;
    for (int flips = 0; flips < 3; ++flips) {
      text[random.below(text.size())] = static_cast<char>(random.below(256));
    }
    try {
      parse_trace_csv(text, "trace.csv");
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    }
  }
}

TEST(AvailabilityTrace, ReadsTheJsonForm) {
  const TemporaryFolder folder;
  const auto file =
      folder.write("trace.json", R"([{"Time": 0, "GPUs": 4}, {"Time": 63.5, "GPUs": 0}])");
  const AvailabilityTrace trace = read_trace_json(file, "A100-40", "us-central1-a");
  EXPECT_EQ(trace.rows[0].duration_s, 63.5);
  EXPECT_THAT(trace.available(0), ElementsAre(GpuCount{"A100-40", "us-central1-a", 4}));
  for (const char* text :
       {"[]", "{}", R"([{"Time": 0}])", R"([{"Time": 0, "GPUs": -1}])",
        R"([{"Time": 0, "GPUs": 1.5}])", R"([{"Time": 1, "GPUs": 1}, {"Time": 1, "GPUs": 2}])",
        R"([{"Time": 0, "GPUs": 1, "CPUs": 1}])"}) {
    folder.write("trace.json", text);
    EXPECT_THROW(read_trace_json(file, "A100-40", "z"), Error) << text;
  }
}

TEST(AvailabilityTrace, ReadsThePublishedTraces) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  const auto configs = data / "sailor/Planner/simulations/configs";
  EXPECT_EQ(read_trace_csv(configs / "gpu_trace_multizone.csv").columns.size(), 5U);
  EXPECT_EQ(read_trace_csv(configs / "gpu_trace_2zones_2gpus.csv").rows.size(), 1U);
  const AvailabilityTrace spot = read_trace_json(
      data / "sailor/Controller/trace_based/a100_trace_original.json", "A100-40", "us-central1-a");
  EXPECT_EQ(spot.rows[0].duration_s, 630);
  EXPECT_THAT(spot.rows[0].counts, ElementsAre(16));
}

}  // namespace
}  // namespace sextant
