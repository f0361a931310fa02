#include "analyzer/serving/trace/request_trace.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "tests/support/reference_data.h"
#include "tests/support/temporary_folder.h"
#include "tests/topology/formats/refusal.h"

namespace sextant {
namespace {

/// Three lengths, four intervals.
RecordedRequests some_requests() {
  return {.lengths = {{100, 10}, {200, 20}, {300, 60}}, .arrivals = {1, 0, 3, 4}};
}

double tokens(const RequestTrace& trace) {
  double sum = 0;
  for (const TracedRequest& request : trace) {
    sum += request.length.input_tokens + request.length.output_tokens;
  }
  return sum;
}

TEST(RequestTrace, TheArtifactsDraws) {
  const auto data = reference_data("helix");
  SEXTANT_NEEDS(data);
  const RecordedRequests recorded = read_azure_conversations(data);
  ASSERT_EQ(recorded.lengths.size(), 16657U);
  ASSERT_EQ(recorded.arrivals.size(), 1200U);
  EXPECT_EQ(recorded.lengths[1].input_tokens, 396);
  EXPECT_EQ(recorded.lengths[1].output_tokens, 109);
  // What CPython 3.11 draws for 700 tokens per second in half an hour.
  const RequestTrace trace = recorded_trace(recorded, 700, 1800, 0);
  ASSERT_EQ(trace.size(), 1293U);
  EXPECT_EQ(trace[0].arrival_s, 1.261714742492535);
  EXPECT_EQ(trace[0].length.input_tokens, 405);
  EXPECT_EQ(trace[0].length.output_tokens, 103);
  EXPECT_EQ(trace[2].arrival_s, 5.489558710976974);
  EXPECT_EQ(trace[1292].arrival_s, 1798.6733301168465);
  EXPECT_EQ(trace[1292].length.input_tokens, 406);
  EXPECT_EQ(trace[1292].length.output_tokens, 114);
}

TEST(RequestTrace, BothKindsKeepTheRateAndTheOrder) {
  const RecordedRequests recorded = some_requests();
  const RequestTrace drawn = recorded_trace(recorded, 500, 30'000, 7);
  const RequestTrace poisson = poisson_trace(recorded, 500, 30'000, 7);
  for (const RequestTrace* trace : {&drawn, &poisson}) {
    EXPECT_NEAR(tokens(*trace) / 30'000, 500, 10);
    for (std::size_t i = 1; i < trace->size(); ++i) {
      ASSERT_LE((*trace)[i - 1].arrival_s, (*trace)[i].arrival_s);
    }
    EXPECT_LT(trace->back().arrival_s, 30'000);
  }
  // Exponential gaps: their standard deviation is their mean.
  double mean = 0;
  double square = 0;
  double before = 0;
  for (const TracedRequest& request : poisson) {
    const double gap = request.arrival_s - before;
    before = request.arrival_s;
    mean += gap;
    square += gap * gap;
  }
  const auto count = static_cast<double>(poisson.size());
  mean /= count;
  EXPECT_NEAR(std::sqrt(square / count - mean * mean) / mean, 1, 0.02);
}

TEST(RequestTrace, OneSeedOneTrace) {
  const RecordedRequests recorded = some_requests();
  const RequestTrace first = poisson_trace(recorded, 100, 1000, 1);
  const RequestTrace again = poisson_trace(recorded, 100, 1000, 1);
  const RequestTrace other = poisson_trace(recorded, 100, 1000, 2);
  ASSERT_EQ(first.size(), again.size());
  EXPECT_EQ(first[0].arrival_s, again[0].arrival_s);
  EXPECT_NE(first[0].arrival_s, other[0].arrival_s);
  EXPECT_NE(recorded_trace(recorded, 100, 1000, 1)[0].arrival_s,
            recorded_trace(recorded, 100, 1000, 2)[0].arrival_s);
}

TEST(RequestTrace, AnyCsvByArrival) {
  const TemporaryFolder folder;
  const auto file = folder.write(
      "t.csv",
      "\xEF\xBB\xBFoutput_tokens,user,arrival_s,input_tokens\r\n7,a,2.5,30\r\n8,b,1e0,40\r\n\r\n");
  const RequestTrace trace = read_request_trace(file);
  ASSERT_EQ(trace.size(), 2U);
  EXPECT_EQ(trace[0].arrival_s, 1);
  EXPECT_EQ(trace[0].length.input_tokens, 40);
  EXPECT_EQ(trace[1].length.output_tokens, 7);
}

TEST(RequestTrace, BadFilesAreRefusedWithTheirPlace) {
  const TemporaryFolder folder;
  const std::string header = "arrival_s,input_tokens,output_tokens\n";
  const auto read = [&](const std::string& text) {
    const auto file = folder.write("t.csv", text);
    return refusal(folder.path(), [&] { read_request_trace(file); });
  };
  EXPECT_EQ(read(""),
            "t.csv: expected a line of column names (arrival_s,input_tokens,output_tokens) and at "
            "least one row, found nothing");
  EXPECT_EQ(read(header),
            "t.csv: expected a line of column names (arrival_s,input_tokens,output_tokens) and at "
            "least one row, found no row");
  EXPECT_EQ(
      read("arrival_s,input_tokens\n1,2\n"),
      "t.csv at line 1: expected a column \"output_tokens\", found \"arrival_s,input_tokens\"");
  EXPECT_EQ(read("arrival_s,input_tokens,output_tokens,arrival_s\n1,2,3,4\n"),
            "t.csv at line 1: expected each column once, found "
            "\"arrival_s,input_tokens,output_tokens,arrival_s\"");
  EXPECT_EQ(read(header + "1,2,3\n1,2\n"),
            "t.csv at line 3: expected 3 values, as the first line has, found \"1,2\"");
  EXPECT_EQ(read(header + "nan,2,3\n"),
            "t.csv at line 2, column arrival_s: expected a number of at least 0, found \"nan\"");
  EXPECT_EQ(read(header + "-1,2,3\n"),
            "t.csv at line 2, column arrival_s: expected a number of at least 0, found \"-1\"");
  EXPECT_EQ(read(header + "1,2.5,3\n"),
            "t.csv at line 2, column input_tokens: expected a whole number from 1 to 10000000, "
            "found \"2.5\"");
  EXPECT_EQ(read(header + "1,5,0\n"),
            "t.csv at line 2, column output_tokens: expected a whole number from 1 to 10000000, "
            "found \"0\"");
  const auto lengths = folder.write("l.csv", "input_tokens,output_tokens\n5,5\n");
  const auto none = folder.write("a.csv", "requests_in_interval\n0\n0\n");
  EXPECT_EQ(refusal(folder.path(), [&] { read_recorded_requests(lengths, none); }),
            "a.csv: expected at least one request, found none");
}

TEST(RequestTrace, RatesAndDurationsThatMeanNothingAreRefused) {
  const RecordedRequests recorded = some_requests();
  const auto text = [](const auto& call) { return refusal("", call); };
  EXPECT_EQ(text([&] { recorded_trace(recorded, 0, 10, 0); }),
            "expected more than 0 tokens per second, found 0");
  EXPECT_EQ(text([&] { poisson_trace(recorded, NAN, 10, 0); }),
            "expected more than 0 tokens per second, found nan");
  EXPECT_EQ(text([&] { poisson_trace(recorded, 1, -1, 0); }),
            "expected a trace of more than 0 seconds, found -1");
  EXPECT_EQ(text([&] { recorded_trace(recorded, 1, 2, 0); }),
            "expected a trace of at least 3 seconds, an interval, found 2");
  EXPECT_EQ(text([&] { poisson_trace(recorded, 1e12, 1e6, 0); }),
            "expected fewer than 1e+08 requests, found 4.35e+15");
  EXPECT_EQ(text([&] { poisson_trace({}, 1, 1, 0); }),
            "expected recorded lengths of requests, found none");
}

}  // namespace
}  // namespace sextant
