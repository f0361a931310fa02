#include "tests/support/project_paths.h"

namespace sextant {

namespace {

std::string joined(const std::string& folder, const std::string& relative) {
  return relative.empty() ? folder : folder + "/" + relative;
}

}  // namespace

std::string source_path(const std::string& relative) {
  return joined(SEXTANT_SOURCE_DIR, relative);
}

std::string build_path(const std::string& relative) {
  return joined(SEXTANT_BINARY_DIR, relative);
}

}  // namespace sextant
