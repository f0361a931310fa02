#include "analyzer/validation/validation_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/validation/validation_document.h"
#include "tests/support/schema_check.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ValidationRow row(const std::string& config, const std::string& estimator, Quantity quantity,
                  double measured, double predicted, double upper_bound) {
  ValidationRow out;
  out.config = config;
  out.estimator = estimator;
  out.quantity = quantity;
  out.evidence = Evidence::kReplayed;
  out.measured = measured;
  out.predicted = predicted;
  out.upper_bound = upper_bound;
  return out;
}

/// Two sets, two quantities, every status and every optional member.
std::vector<ValidationRow> all_kinds() {
  std::vector<ValidationRow> rows = {row("a/N1", "ours", Quantity::kTime, 2, 1.5, 2.25),
                                     row("a/N1", "theirs", Quantity::kTime, 2, 2.5, 2.5),
                                     row("b/N1", "ours", Quantity::kTime, 4, 4, 4),
                                     row("b/N1", "theirs", Quantity::kTime, 4, 0, 0),
                                     row("a/N1", "ours", Quantity::kMemory, 8e9, 6e9, 9e9),
                                     row("b/N1", "ours", Quantity::kMemory, 0, 9e9, 1.1e10)};
  rows[0].interval = {1.5, 1.25, 2.25, true};
  rows[2].suspicion = "time of \"another\", it seems";
  rows[3].status = ValidationRow::Status::kUnpredicted;
  rows[3].reason = "no such GPU";
  rows[5].status = ValidationRow::Status::kUnmeasured;
  rows[5].reason = "memory was not measured";
  return rows;
}

TEST(ValidationDocument, IsAsItsSchemaSaysAndIsReadAsItWasWritten) {
  const std::string text = json_text(validation_json(all_kinds()));
  sextant::testing::SchemaCheck check("validation");
  EXPECT_EQ(check.problems(text), "");
  for (const std::string& member : check.unseen()) {
    EXPECT_THAT(member, HasSubstr("/ranking")) << "sextant validate adds only that";
  }
  const TemporaryFolder folder;
  const auto rows = read_validation(folder.write("v.json", text));
  EXPECT_EQ(json_text(validation_json(rows)), text);
  EXPECT_EQ(validation_csv(rows), validation_csv(all_kinds()));
}

void expect_refused(const std::string& text, const std::string& message) {
  const TemporaryFolder folder;
  try {
    read_validation(folder.write("v.json", text));
    FAIL() << "was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_THAT(error.what(), HasSubstr("v.json"));
    EXPECT_THAT(error.what(), HasSubstr(message));
  }
}

TEST(ValidationDocument, RefusesOthersNamingThePlace) {
  OrderedJson document = validation_json(all_kinds());
  document["rows"][1]["predicted"] = -1;
  expect_refused(json_text(document), "/rows/1/predicted");
  document = validation_json(all_kinds());
  document["rows"][0]["quantity"] = "speed";
  expect_refused(json_text(document), "/rows/0/quantity");
  document["rows"] = OrderedJson::array();
  expect_refused(json_text(document), "at least one row");
  expect_refused(R"({"schema": "sextant/plan/1.0"})", "validation");
  // A planner's figure has no such rows.
  expect_refused(R"({"schema": "sextant/reproduction/1.0", "rows": [{"cluster": "x"}]})", "config");
}

TEST(ValidationCsv, HasALineForEachRow) {
  EXPECT_EQ(validation_csv(all_kinds()),
            "config,quantity,estimator,status,evidence,measured,predicted,upper_bound,"
            "relative_error,interval_low_s,interval_high_s,covered,suspicion,reason\n"
            "a/N1,time,ours,ok,replayed,2,1.5,2.25,-0.25,1.25,2.25,true,,\n"
            "a/N1,time,theirs,ok,replayed,2,2.5,2.5,0.25,,,,,\n"
            "b/N1,time,ours,ok,replayed,4,4,4,0,,,,\"time of \"\"another\"\", it seems\",\n"
            "b/N1,time,theirs,unpredicted,replayed,4,,,,,,,,no such GPU\n"
            "a/N1,memory,ours,ok,replayed,8000000000,6000000000,9000000000,-0.25,,,,,\n"
            "b/N1,memory,ours,unmeasured,replayed,,9000000000,11000000000,,,,,,"
            "memory was not measured\n");
}

TEST(ValidationText, HasRunsDownAndEstimatorsAcross) {
  const std::string text = validation_text(all_kinds(), {{"a/N1", 1.0}});
  EXPECT_THAT(text,
              HasSubstr("a/N1      2.00 s  1.00 s  -50.0 %  1.50 s  -25.0 %  2.50 s  +25.0 %"));
  EXPECT_THAT(text,
              HasSubstr("b/N1 ?    4.00 s                -  4.00 s   +0.0 %                -"));
  EXPECT_THAT(text, HasSubstr("? b/N1: time of \"another\", it seems\n"));
  EXPECT_THAT(text, HasSubstr("- b/N1, theirs: no such GPU\n"));
  EXPECT_THAT(text, HasSubstr("- b/N1: memory was not measured\n"));
  EXPECT_THAT(text, HasSubstr("at most"));  // the memory's bound
  EXPECT_THAT(text, HasSubstr("+12.5 %"));
}

TEST(ValidationPlot, HasABoxForEachEstimatorAndQuantity) {
  const BoxPlot plot = validation_plot(all_kinds(), "errors");
  ASSERT_EQ(plot.boxes.size(), 3U);
  EXPECT_EQ(plot.boxes[0].name, "ours, time");
  ASSERT_EQ(plot.boxes[0].values.size(), 2U);
  EXPECT_DOUBLE_EQ(plot.boxes[0].values[0].value, 25);
  EXPECT_EQ(plot.boxes[0].remark, "1 under-predicted");
  EXPECT_EQ(plot.boxes[1].values.size(), 1U);
  EXPECT_EQ(plot.boxes[2].name, "ours, memory");
  EXPECT_EQ(plot.evidence, "replayed");
  EXPECT_EQ(plot.caption, "One run is suspicious; it is not left out.");
  const std::vector<ValidationRow> all = all_kinds();
  EXPECT_EQ(validation_plot({all[0]}, "errors").boxes[0].name, "ours");
  EXPECT_THAT(svg(plot), Not(HasSubstr("nan")));
}

}  // namespace
}  // namespace sextant
