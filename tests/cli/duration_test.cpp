#include "cli/duration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant::cli {
namespace {

using ::testing::HasSubstr;

TEST(Duration, HasUnitsThatPeopleUse) {
  EXPECT_EQ(duration_s("45", "--deadline"), 45);
  EXPECT_EQ(duration_s("1.5", "--deadline"), 1.5);
  EXPECT_EQ(duration_s("45s", "--deadline"), 45);
  EXPECT_EQ(duration_s("90m", "--deadline"), 5400);
  EXPECT_EQ(duration_s("12h", "--deadline"), 43200);
  EXPECT_EQ(duration_s("1.5d", "--deadline"), 129600);
  EXPECT_EQ(duration_s("2w", "--deadline"), 1209600);
  EXPECT_EQ(duration_s("1d12h30m", "--deadline"), 131400);
}

TEST(Duration, RefusesWhatIsNone) {
  for (const char* text : {"", "h", "0", "0h", "-1h", "12 h", "12x", "12h30", "30m12h", "1h1h",
                           "1e3d", "inf", "nan", "1,5h", "12hours", "999999999999999999999e999"}) {
    try {
      duration_s(text, "--deadline");
      ADD_FAILURE() << "expected an error: " << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUsage) << text;
      EXPECT_THAT(error.what(), HasSubstr("--deadline \"")) << text;
      EXPECT_THAT(error.what(), HasSubstr("12h")) << text;
    }
  }
}

}  // namespace
}  // namespace sextant::cli
