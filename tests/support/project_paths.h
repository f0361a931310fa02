#pragma once

#include <string>

namespace sextant {

/// A file of the sources, as in source_path("profiles/jobs"); of "" their folder. Paths are
/// compiled into one small file, so that the tests' objects do not depend on where a checkout lies.
std::string source_path(const std::string& relative = "");

/// The same of the build folder.
std::string build_path(const std::string& relative = "");

}  // namespace sextant
