#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace sextant::testing {

/// A directory that is gone after the test.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "sextant-profile-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline void write_text(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

/// Published inputs, or nothing where they are not there: $SEXTANT_DATA, else beside the source.
inline std::filesystem::path published_data() {
  const char* set = std::getenv("SEXTANT_DATA");
  return set != nullptr ? std::filesystem::path(set)
                        : std::filesystem::path(SEXTANT_SOURCE_DIR) / "../shared/data";
}

}  // namespace sextant::testing

/// In a test that needs the published inputs of `system`.
#define SEXTANT_NEEDS_DATA(directory, system)                                          \
  const std::filesystem::path directory = sextant::testing::published_data() / system; \
  if (!std::filesystem::exists(directory)) {                                           \
    const char* required = std::getenv("SEXTANT_REQUIRE_DATA");                        \
    if (required != nullptr && std::string(required) == "1") {                         \
      FAIL() << directory << " is absent, and SEXTANT_REQUIRE_DATA=1";                 \
    }                                                                                  \
    GTEST_SKIP() << directory << " is absent";                                         \
  }
