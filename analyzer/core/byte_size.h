#pragma once

#include <string>

namespace sextant {

/// "80GiB", "512 MB", "1.5e9": a size in bytes, with an optional unit of decimal (kB, MB, GB, TB)
/// or binary steps (KiB, MiB, GiB, TiB). Throws Error(kUsage) naming `option`.
double byte_size(const std::string& option, const std::string& text);

}  // namespace sextant
