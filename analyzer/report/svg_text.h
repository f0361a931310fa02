#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sextant {

/// Text of any origin as the content or attribute of an XML element: markup is escaped; what XML
/// cannot hold (control bytes, broken UTF-8) becomes U+FFFD.
std::string escape_xml(std::string_view text);

/// Estimated width in pixels of text in a proportional sans-serif font: SVG has no way to ask.
double text_width(std::string_view text, double font_px);

/// Breaks a name into at most `max_lines` lines of `width_px`, after a space, '+', '@', '/', ',' or
/// '_' where it can, else anywhere; what is left over ends in "…".
std::vector<std::string> wrap_text(std::string_view text, double font_px, double width_px,
                                   std::size_t max_lines);

}  // namespace sextant
