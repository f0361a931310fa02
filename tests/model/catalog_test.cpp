#include "analyzer/core/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"

namespace sextant {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CatalogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::path(::testing::TempDir()) /
        ("catalog-" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    std::filesystem::remove_all(folder_);
    write_file_atomically(folder_ / "B2.json", R"({"aliases": ["two", "zwei"]})");
    write_file_atomically(folder_ / "A1.json", R"({"name": "A1"})");
    write_file_atomically(folder_ / "notes.txt", "not an entry");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
};

TEST_F(CatalogTest, FindsNamesAndAliases) {
  const Catalog catalog(folder_, "thing");
  EXPECT_THAT(catalog.names(), ElementsAre("A1", "B2"));
  EXPECT_EQ(catalog.resolve("a1"), "A1");
  EXPECT_EQ(catalog.resolve("ZWEI"), "B2");
}

TEST_F(CatalogTest, NeverLeavesItsFolder) {
  const Catalog catalog(folder_, "thing");
  try {
    catalog.resolve("../../etc/passwd\n");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_THAT(error.what(), HasSubstr("no thing is named"));
    EXPECT_THAT(error.what(), ::testing::Not(HasSubstr("\n")));
  }
}

TEST_F(CatalogTest, RefusesAFolderThatIsNotThere) {
  EXPECT_THROW(Catalog(folder_ / "none", "thing"), Error);
}

}  // namespace
}  // namespace sextant
