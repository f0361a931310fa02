#include <clocale>
#include <cstdlib>
#include <locale>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "analyzer/core/json_document.h"
#include "analyzer/core/table.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

/// A locale with a decimal comma for the time of a test, made where the system has none.
class GermanLocale : public testing::Test {
 protected:
  void SetUp() override {
    if (std::setlocale(LC_ALL, "de_DE.UTF-8") == nullptr) {
      // LOCPATH only once the locale is there: the C library remembers where it found none.
      const std::string folder = folder_.path();
      const std::string make =
          fmt::format("localedef -i de_DE -f UTF-8 '{}/de_DE.UTF-8' >/dev/null 2>&1", folder);
      const bool made = std::system(make.c_str()) == 0;
      ::setenv("LOCPATH", folder.c_str(), 1);
      if (!made || std::setlocale(LC_ALL, "de_DE.UTF-8") == nullptr) {
        GTEST_SKIP() << "no locale de_DE.UTF-8, and localedef cannot make it";
      }
    }
    ASSERT_STREQ(std::localeconv()->decimal_point, ",");
    std::locale::global(std::locale("de_DE.UTF-8"));
  }
  void TearDown() override {
    std::locale::global(std::locale::classic());
    std::setlocale(LC_ALL, "C");
    ::unsetenv("LOCPATH");
  }

 private:
  TemporaryFolder folder_;
};

TEST_F(GermanLocale, ChangesNoNumber) {
  const JsonDocument document = JsonDocument::parse("[0.5, 1234567.25, 1e-3]", "x.json");
  EXPECT_EQ(document.root().numbers(), (std::vector<double>{0.5, 1234567.25, 1e-3}));
  EXPECT_EQ(json_text({{"a", 0.5}, {"b", 1234567.25}, {"c", 1234567}}),
            "{\n  \"a\": 0.5,\n  \"b\": 1234567.25,\n  \"c\": 1234567\n}\n");
  EXPECT_THROW(JsonDocument::parse("[0,5.5,\"\",]", "x.json"), std::exception);
  EXPECT_EQ(format_seconds(1.5), "1.50 s");
  EXPECT_EQ(format_count(1234), "1,234");
  EXPECT_EQ(format_gib(42949672960.0), "40.0 GiB");
}

}  // namespace
}  // namespace sextant
