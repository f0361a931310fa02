#include "analyzer/serving/formats/helix_text.h"

#include <fmt/format.h>

namespace sextant {

std::string python_float(double value) {
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

std::string mbps_text(double bytes_per_s) {
  return python_float(bytes_per_s / 1e6) + " * mbps";
}

std::string milliseconds_text(double seconds) {
  return python_float(seconds * 1e3) + " * MilliSec";
}

std::string megabytes_text(double bytes) {
  return python_float(bytes / 1e6) + " * MB";
}

}  // namespace sextant
