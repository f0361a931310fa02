#include "analyzer/core/evidence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr Evidence kAll[] = {Evidence::kMeasuredGpu, Evidence::kMeasuredCpu, Evidence::kReplayed,
                             Evidence::kEstimated};

TEST(Evidence, NamesRoundTrip) {
  for (const Evidence evidence : kAll) EXPECT_EQ(evidence_from(to_string(evidence)), evidence);
  EXPECT_EQ(to_string(Evidence::kMeasuredGpu), "measured-gpu");
  EXPECT_THROW(evidence_from("measured"), Error);
}

TEST(Evidence, IsReadWithItsPlace) {
  const JsonDocument document =
      JsonDocument::parse(R"({"a": "replayed", "b": "guessed", "c": 1})", "doc.json");
  EXPECT_EQ(read_evidence(document.root().at("a")), Evidence::kReplayed);
  for (const char* member : {"b", "c"}) {
    try {
      read_evidence(document.root().at(member));
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), AllOf(HasSubstr("doc.json"), HasSubstr(member)));
    }
  }
}

TEST(Evidence, AnAnswerIsWorthItsWeakestInput) {
  for (const Evidence a : kAll) {
    EXPECT_EQ(weaker(a, Evidence::kMeasuredGpu), a);
    EXPECT_EQ(weaker(Evidence::kEstimated, a), Evidence::kEstimated);
  }
  EXPECT_EQ(weaker(Evidence::kMeasuredCpu, Evidence::kReplayed), Evidence::kReplayed);
  EXPECT_TRUE(is_measured(Evidence::kMeasuredCpu));
  EXPECT_FALSE(is_measured(Evidence::kReplayed));
}

}  // namespace
}  // namespace sextant
