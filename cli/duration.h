#pragma once

#include <string>
#include <string_view>

namespace sextant::cli {

/// "90m", "12h", "3d", "2w", "1d12h", "45s", or a bare number of seconds: seconds, greater than
/// zero. Units of a sum fall in size. Throws Error(kUsage) naming `option`.
double duration_s(std::string_view text, std::string_view option);

}  // namespace sextant::cli
