#pragma once

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "tests/support/project_paths.h"

namespace sextant {

/// The published inputs of `system`: a folder of SEXTANT_DATA, by default ../shared/data beside the
/// source directory. Empty where there is none.
inline std::filesystem::path reference_data(const char* system) {
  const char* root = std::getenv("SEXTANT_DATA");
  const std::filesystem::path folder =
      (root != nullptr ? std::filesystem::path(root)
                       : std::filesystem::path(sextant::source_path("..")) / "shared" / "data") /
      system;
  return std::filesystem::is_directory(folder) ? folder : std::filesystem::path();
}

}  // namespace sextant

/// Skips the test where the reference data of `folder` (a path from reference_data) is absent;
/// fails it where SEXTANT_REQUIRE_DATA=1.
#define SEXTANT_NEEDS(folder)                                                          \
  if ((folder).empty()) {                                                              \
    const char* required = std::getenv("SEXTANT_REQUIRE_DATA");                        \
    if (required != nullptr && std::string_view(required) == "1") {                    \
      FAIL() << "SEXTANT_REQUIRE_DATA=1, but SEXTANT_DATA has no such folder";         \
    }                                                                                  \
    GTEST_SKIP() << "no reference data: set SEXTANT_DATA to the folder that holds it"; \
  }
