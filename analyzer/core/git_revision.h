#pragma once

#include <string_view>

namespace sextant {

/// The revision of the sources that this was built from, with "-dirty" where they had been changed;
/// "unknown" where they were no checkout.
std::string_view git_revision();

}  // namespace sextant
