#include "launch/emit/job_folder.h"

#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

constexpr std::string_view kMark = "serving_export.json";
const JobFolder kExport = {{{"serving_export.json", "{}\n"}, {"pipeline_1/stage_0.sh", "exit 0\n"}},
                           {}};

class WriteExport : public ::testing::Test {
 protected:
  /// Names in the folder that the export goes to.
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      found.push_back(entry.path().filename());
    }
    return found;
  }
  void expect_refused(const std::filesystem::path& directory, bool replace,
                      const std::string& message) const {
    try {
      write_job_folder(kExport, directory, kMark, replace);
      ADD_FAILURE() << "was written";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
  }
  const TemporaryFolder folder_;
  const std::filesystem::path out_ = folder_.path() / "out";
};

TEST_F(WriteExport, MakesAFolderOfAllFiles) {
  EXPECT_THAT(write_job_folder(kExport, out_, kMark, false),
              UnorderedElementsAre(out_ / "serving_export.json", out_ / "pipeline_1/stage_0.sh"));
  EXPECT_EQ(read_file(out_ / "pipeline_1/stage_0.sh"), "exit 0\n");
  EXPECT_THAT(names(), UnorderedElementsAre("out"));
  struct stat script = {};
  ASSERT_EQ(::stat((out_ / "pipeline_1/stage_0.sh").c_str(), &script), 0);
  EXPECT_EQ(script.st_mode & 0111, 0111U);
  struct stat document = {};
  ASSERT_EQ(::stat((out_ / "serving_export.json").c_str(), &document), 0);
  EXPECT_EQ(document.st_mode & 0111, 0U);
}

TEST_F(WriteExport, TakesSlashesParentsAndEmptyFolders) {
  write_job_folder(kExport, folder_.path() / "a" / "b/", kMark, false);
  EXPECT_EQ(read_file(folder_.path() / "a" / "b" / "serving_export.json"), "{}\n");
  std::filesystem::create_directory(out_);
  write_job_folder(kExport, out_, kMark, false);
  EXPECT_EQ(read_file(out_ / "serving_export.json"), "{}\n");
  EXPECT_THAT(names(), UnorderedElementsAre("a", "out"));
}

TEST_F(WriteExport, ReplacesAnExportWhereThatIsAskedForOnly) {
  write_job_folder({{{"serving_export.json", "old"}, {"old.txt", "old"}}, {}}, out_, kMark, false);
  expect_refused(out_, false, "is there already");
  EXPECT_EQ(read_file(out_ / "serving_export.json"), "old");
  write_job_folder(kExport, out_, kMark, true);
  EXPECT_EQ(read_file(out_ / "serving_export.json"), "{}\n");
  EXPECT_FALSE(std::filesystem::exists(out_ / "old.txt"));
  EXPECT_THAT(names(), UnorderedElementsAre("out"));
}

TEST_F(WriteExport, NeverReplacesWhatIsNoExport) {
  folder_.write("out/thesis.tex", "years of work");
  expect_refused(out_, true, "is not one of ours");
  EXPECT_EQ(read_file(out_ / "thesis.tex"), "years of work");
  folder_.write("file", "text");
  expect_refused(folder_.path() / "file", false, "is there already");
  expect_refused(folder_.path() / "file", true, "is not one of ours");
  expect_refused(folder_.path() / "file" / "below", true, "cannot be made");
  EXPECT_THAT(names(), UnorderedElementsAre("out", "file"));
}

}  // namespace
}  // namespace sextant
