#pragma once

#include <functional>
#include <string>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "tests/support/project_paths.h"

namespace sextant::testing {

inline std::string sample_path(const std::string& name) {
  return sextant::source_path("tests/data/cluster/") + name;
}
inline std::string sample(const std::string& name) {
  return read_file(sample_path(name));
}

/// The message with which `work` refuses bad input; "" where it does not.
inline std::string refusal(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.code() == ErrorCode::kBadInput ? error.what() : "another code";
  }
  return "";
}

}  // namespace sextant::testing
