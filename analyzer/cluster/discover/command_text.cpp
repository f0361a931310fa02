#include "analyzer/cluster/discover/command_text.h"

#include <charconv>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/utf8.h"

namespace sextant {

namespace {

constexpr std::string_view kBlanks = " \t\r";

/// Length of the escape sequence that `text` begins with: ESC [ parameters letter (ECMA-48, CSI),
/// or ESC and one character.
std::size_t escape_length(std::string_view text) {
  if (text.size() < 2 || text[1] != '[') return std::min<std::size_t>(text.size(), 2);
  std::size_t end = 2;
  while (end < text.size() && (text[end] < '@' || text[end] > '~')) ++end;
  return std::min(end + 1, text.size());
}

}  // namespace

std::vector<std::string> command_lines(std::string_view text, const std::string& source) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  constexpr char kEscape = '\x1b';
  if (text.find('\0') != std::string_view::npos) {
    throw_bad_input(fmt::format("{}: expected text, found NUL bytes (UTF-16?)", source));
  }
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string line;
    for (std::size_t i = 0; i < end;) {
      if (text[i] == kEscape) {
        i += escape_length(text.substr(i, end - i));
      } else {
        line += text[i++];
      }
    }
    line.resize(line.find_last_not_of(kBlanks) + 1);
    lines.push_back(std::move(line));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  while (!(line = trimmed(line)).empty()) {
    const std::size_t end = std::min(line.find_first_of(kBlanks), line.size());
    words.emplace_back(line.substr(0, end));
    line.remove_prefix(end);
  }
  return words;
}

std::vector<std::string> parts_of(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t end = std::min(text.find(separator), text.size());
    parts.emplace_back(trimmed(text.substr(0, end)));
    if (end == text.size()) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string upper_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

std::optional<int> whole_number(std::string_view text, int most) {
  int value = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || value < 0 || value > most) {
    return std::nullopt;
  }
  return value;
}

std::string foreign_name(std::string_view text, const std::string& place, std::string_view what) {
  constexpr std::size_t kLongest = 200;
  bool fit = !text.empty() && text.size() <= kLongest;
  for (std::size_t i = 0; fit && i < text.size();) {
    const std::size_t length = utf8_length(text.substr(i));
    const auto byte = static_cast<unsigned char>(text[i]);
    fit = length > 0 && byte >= 0x20 && byte != 0x7f;
    i += length;
  }
  if (!fit) throw_bad_input(fmt::format("{}: expected {}, found {}", place, what, quote(text)));
  return std::string(text);
}

}  // namespace sextant
