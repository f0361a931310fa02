#include "analyzer/training/calibration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "tests/support/schema_check.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;

std::string document(const std::string& parameters) {
  return R"({"schema": "sextant/calibration/1.0", "parameters": )" + parameters + "}";
}

Calibration read(const std::string& text) {
  const TemporaryFolder folder;
  return read_calibration(folder.write("site.json", text));
}

TEST(Calibration, IsReadAsItWasWritten) {
  Calibration site;
  site.process_bytes = 4.5e9;
  site.process_bytes_spread = 0.75e9;
  site.collective_efficiency = 0.5;
  site.iteration_overhead_s = 0.0125;
  site.overlap_slowdown = 1.25;
  const std::string text = document(json_text(parameters_json(site)));
  EXPECT_EQ(sextant::testing::SchemaCheck("calibration").problems(text), "");
  Calibration back = read(text);
  EXPECT_THAT(back.source, HasSubstr("site.json"));
  back.source.clear();
  EXPECT_EQ(back, site);
}

TEST(Calibration, WhatIsLeftOutHasItsDefault) {
  Calibration back = read(document(R"({"iteration_overhead_s": 0.5})"));
  EXPECT_EQ(back.iteration_overhead_s, 0.5);
  back.iteration_overhead_s = 0;
  back.source.clear();
  EXPECT_EQ(back, Calibration());
}

TEST(Calibration, NamesWhatIsWrong) {
  const auto complaint = [](const std::string& text) {
    try {
      read(text);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      EXPECT_THAT(error.what(), HasSubstr("site.json"));
      return std::string(error.what());
    }
    return std::string("read");
  };
  EXPECT_THAT(complaint(R"({"schema": "sextant/calibration/1.0"})"), HasSubstr("parameters"));
  EXPECT_THAT(complaint(R"({"schema": "sextant/plan/1.0", "parameters": {}})"),
              HasSubstr("calibration"));
  EXPECT_THAT(complaint(R"({"schema": "sextant/calibration/2.0", "parameters": {}})"),
              HasSubstr("2.0"));
  EXPECT_THAT(complaint(document(R"({"process_byte": 1})")), HasSubstr("process_bytes"));
  EXPECT_THAT(complaint(document(R"({"process_bytes": -1})")), HasSubstr("/parameters/process_b"));
  EXPECT_THAT(complaint(document(R"({"collective_efficiency": 0})")),
              HasSubstr("/parameters/collective_efficiency"));
  EXPECT_THAT(complaint(document(R"({"overlap_slowdown": 0.9})")),
              HasSubstr("/parameters/overlap_slowdown\": expected a factor of at least 1"));
  EXPECT_THAT(complaint(document(R"({"iteration_overhead_s": "none"})")),
              HasSubstr("/parameters/iteration_overhead_s"));
}

}  // namespace
}  // namespace sextant
