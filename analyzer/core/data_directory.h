#pragma once

#include <filesystem>

namespace sextant {

/// The shipped data (`profiles/` of the repository, `share/sextant/profiles` once installed): the
/// environment's SEXTANT_PROFILES, else the first that exists of those places above the running
/// program. Throws Error(kBadInput) naming where it looked.
std::filesystem::path data_directory();

}  // namespace sextant
