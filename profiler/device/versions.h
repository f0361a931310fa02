#pragma once

#include <map>
#include <string>

namespace sextant::profiler {

/// "libtorch", "cuda" and "nccl" that this build runs with, as provenance.
std::map<std::string, std::string> library_versions();

}  // namespace sextant::profiler
