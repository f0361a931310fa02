#include "analyzer/report/write_plot.h"

#include <cstdlib>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"

namespace sextant {
namespace {

const char* const kPicture =
    R"(<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8"/></svg>)";

class WritePlot : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("sextant-plot-" + std::to_string(::getpid()));
};

TEST_F(WritePlot, SvgIsWrittenAsItIs) {
  write_plot(folder_ / "a.svg", kPicture);
  EXPECT_EQ(read_file(folder_ / "a.svg"), kPicture);
}

TEST_F(WritePlot, PngComesFromTheConverterOrNamesItsPackage) {
  const bool converter = std::system("command -v rsvg-convert > /dev/null") == 0;
  if (converter) {
    write_plot(folder_ / "a.png", kPicture);
    EXPECT_EQ(read_file(folder_ / "a.png").substr(0, 8), "\x89PNG\r\n\x1a\n");
  }
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", folder_.c_str(), 1);
  try {
    write_plot(folder_ / "b.png", kPicture);
    ADD_FAILURE() << "no converter, yet no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_THAT(error.what(), testing::HasSubstr("librsvg2-bin"));
  }
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "b.png"));
}

TEST_F(WritePlot, OtherEndingsAreAUsageError) {
  try {
    write_plot(folder_ / "a.jpeg", kPicture);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
  }
}

}  // namespace
}  // namespace sextant
