#include "analyzer/report/svg_text.h"

#include <algorithm>

#include "analyzer/core/utf8.h"

namespace sextant {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kEllipsis = "…";

bool xml_can_hold(std::string_view character) {
  if (character.size() == 1) {
    const auto byte = static_cast<unsigned char>(character[0]);
    return byte >= 0x20 && byte != 0x7F;
  }
  return character != "\xEF\xBF\xBE" && character != "\xEF\xBF\xBF";  // U+FFFE and U+FFFF
}

/// The next character; one byte where the text is not UTF-8.
std::string_view first_character(std::string_view text) {
  return text.substr(0, std::max<std::size_t>(1, utf8_length(text)));
}

/// Widths in Helvetica, rounded up so that other fonts fit too.
double character_width(std::string_view character) {
  if (character.size() > 2) return character == kEllipsis ? 1.0 : 1.05;  // CJK and symbols
  constexpr std::string_view kNarrow = "ijlI.,:;'|! ()[]/-ft";
  constexpr std::string_view kWide = "mwMW@%";
  if (kNarrow.find(character[0]) != std::string_view::npos) return 0.36;
  if (kWide.find(character[0]) != std::string_view::npos) return 0.92;
  return character[0] >= 'A' && character[0] <= 'Z' ? 0.70 : 0.57;
}

}  // namespace

std::string escape_xml(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view character = first_character(text);
    text.remove_prefix(character.size());
    if (utf8_length(character) == 0 || !xml_can_hold(character)) {
      out += kReplacement;
    } else if (character == "&") {
      out += "&amp;";
    } else if (character == "<") {
      out += "&lt;";
    } else if (character == ">") {
      out += "&gt;";
    } else if (character == "\"") {
      out += "&quot;";
    } else if (character == "'") {
      out += "&#39;";
    } else {
      out += character;
    }
  }
  return out;
}

double text_width(std::string_view text, double font_px) {
  double width = 0;
  while (!text.empty()) {
    const std::string_view character = first_character(text);
    text.remove_prefix(character.size());
    width += character_width(character);
  }
  return width * font_px;
}

std::vector<std::string> wrap_text(std::string_view text, double font_px, double width_px,
                                   std::size_t max_lines) {
  constexpr std::string_view kBreakAfter = " +@/,_";
  std::vector<std::string> lines;
  while (!text.empty()) {
    const bool last_line = lines.size() + 1 == max_lines;
    const double ellipsis_px = last_line ? text_width(kEllipsis, font_px) : 0;
    std::size_t fits = 0;
    std::size_t after_break = 0;
    double used_px = 0;
    while (fits < text.size()) {
      const std::string_view character = first_character(text.substr(fits));
      used_px += character_width(character) * font_px;
      const bool whole_rest = fits + character.size() == text.size();
      if (used_px > width_px - (whole_rest ? 0 : ellipsis_px) && fits > 0) break;
      fits += character.size();
      if (kBreakAfter.find(character[0]) != std::string_view::npos) after_break = fits;
    }
    if (fits < text.size() && last_line) {
      lines.push_back(std::string(text.substr(0, fits)).append(kEllipsis));
      return lines;
    }
    if (fits < text.size() && after_break > 0) fits = after_break;
    std::string_view line = text.substr(0, fits);
    while (!line.empty() && line.back() == ' ') line.remove_suffix(1);
    lines.emplace_back(line);
    text.remove_prefix(fits);
  }
  return lines;
}

}  // namespace sextant
