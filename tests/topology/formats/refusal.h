#pragma once

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant {

/// The message of the Error(kBadInput) that `call` throws, what stands before the file's folder
/// left out: "x.json at …".
inline std::string refusal(const std::filesystem::path& folder, const auto& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    std::string text = error.what();
    const std::string prefix = folder.string() + "/";
    for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) {
      text.erase(at, prefix.size());
    }
    return text;
  }
  return "no error";
}

}  // namespace sextant
