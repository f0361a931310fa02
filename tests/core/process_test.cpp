#include <csignal>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/data_directory.h"
#include "analyzer/core/error.h"
#include "analyzer/core/interrupt.h"
#include "analyzer/core/progress.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

TEST(Interrupts, AskForAnOrderlyEndHoweverOften) {
  handle_interrupts();
  EXPECT_FALSE(interrupted());
  std::raise(SIGINT);
  std::raise(SIGINT);  // a second Ctrl-C must not lose the results
  std::raise(SIGTERM);
  EXPECT_TRUE(interrupted());
}

TEST(DataDirectory, IsWhatTheEnvironmentNames) {
  const TemporaryFolder folder;
  const std::string name = folder.path();
  ::setenv("SEXTANT_PROFILES", name.c_str(), 1);
  EXPECT_EQ(data_directory(), folder.path());
  ::setenv("SEXTANT_PROFILES", (name + "/absent").c_str(), 1);
  EXPECT_THROW(data_directory(), Error);
  ::unsetenv("SEXTANT_PROFILES");
}

// Results go to stdout, progress to stderr; off a terminal one plain line a step.
TEST(Progress, WritesPlainLinesToStderrOnly) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  {
    Progress progress("sweep", 2);
    progress.update(1, "tp 1");
    progress.update(2, "tp 2");
    Progress silent("quiet", 2, false);
    silent.update(1, "unheard");
  }
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_THAT(text, testing::HasSubstr("sweep"));
  EXPECT_THAT(text, testing::HasSubstr("tp 2"));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("\r")));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("unheard")));
}

}  // namespace
}  // namespace sextant
