#pragma once

#include <string>

namespace sextant {

/// As Python prints a float: the shortest digits that give it again, and ".0" behind a whole
/// number.
std::string python_float(double value);
/// "14.2 * mbps", "51.00000000000001 * MilliSec", "16000.0 * MB": with the artifact's rounding.
std::string mbps_text(double bytes_per_s);
std::string milliseconds_text(double seconds);
std::string megabytes_text(double bytes);

}  // namespace sextant
