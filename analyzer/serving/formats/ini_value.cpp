#include <cmath>
#include <span>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/network/import/text_lines.h"
#include "analyzer/serving/formats/ini_file.h"
#include "analyzer/serving/formats/ini_text.h"

namespace sextant {

namespace {

struct IniUnit {
  std::string_view name;
  double factor = 0;
};

constexpr IniUnit kBytes[] = {{"Byte", 1}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}};
constexpr IniUnit kBytesPerSecond[] = {{"kbps", 1e3}, {"mbps", 1e6}, {"gbps", 1e9}};
constexpr IniUnit kSeconds[] = {{"Sec", 1}, {"MilliSec", 1e-3}};

std::span<const IniUnit> units_of(IniQuantity quantity) {
  switch (quantity) {
    case IniQuantity::kBytes:
      return kBytes;
    case IniQuantity::kBytesPerSecond:
      return kBytesPerSecond;
    case IniQuantity::kSeconds:
      break;
  }
  return kSeconds;
}

/// The text between quotes of one kind; nothing where it is not just that.
std::optional<std::string_view> unquoted(std::string_view text) {
  if (text.size() < 2 || (text.front() != '\'' && text.front() != '"')) return std::nullopt;
  const char quote_sign = text.front();
  const std::string_view inside = text.substr(1, text.size() - 2);
  if (text.back() != quote_sign || inside.find_first_of("'\"\\") != std::string_view::npos) {
    return std::nullopt;
  }
  return inside;
}

bool is_word(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && !(c >= '0' && c <= '9') &&
        std::string_view("_-.+/:").find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

std::optional<long long> whole_number(std::string_view text) {
  if (!text.starts_with('-')) return unsigned_integer(text);
  const auto value = unsigned_integer(text.substr(1));
  if (!value) return std::nullopt;
  return -*value;
}

}  // namespace

void IniValue::fail(std::string_view expected, std::string_view found) const {
  throw_bad_input(fmt::format("{}, key {}: expected {}, found {}", TextPlace{*file_, line_}.text(),
                              quote(key_), expected, found));
}

void IniValue::fail(std::string_view expected) const {
  fail(expected, text_.empty() ? std::string("nothing") : quote(text_));
}

double IniValue::quantity(IniQuantity quantity, std::string_view range) const {
  std::string names;
  const std::span<const IniUnit> units = units_of(quantity);
  for (std::size_t i = 0; i < units.size(); ++i) {
    names += i == 0 ? "" : i + 1 == units.size() ? " or " : ", ";
    names += units[i].name;
  }
  const std::string expected = fmt::format("a number{} times {}", range, names);
  const std::size_t star = text_.find('*');
  const auto number = number_in(without_blanks(text_.substr(0, star)));
  if (!number || !std::isfinite(*number)) fail(expected);
  if (star == std::string_view::npos) {
    if (*number != 0) fail(expected);
    return 0;
  }
  const std::string_view unit = without_blanks(text_.substr(star + 1));
  for (const IniUnit& known : units) {
    if (known.name != unit) continue;
    const double value = *number * known.factor;
    if (!std::isfinite(value) || value < 0) fail(expected);
    return value;
  }
  fail(expected);
}

double IniValue::positive(IniQuantity what) const {
  const double value = quantity(what, " greater than 0");
  if (value <= 0) fail("more than 0");
  return value;
}

double IniValue::non_negative(IniQuantity what) const {
  return quantity(what, " of at least 0");
}

long long IniValue::integer(long long low, long long high) const {
  const auto value = whole_number(text_);
  if (!value || *value < low || *value > high) {
    fail(fmt::format("a whole number from {} to {}", low, high));
  }
  return *value;
}

std::string_view IniValue::word() const {
  if (!is_word(text_)) fail("a name without quotes");
  return text_;
}

std::string_view IniValue::quoted() const {
  const auto inside = unquoted(text_);
  if (!inside || inside->empty()) fail("a string in quotes");
  return *inside;
}

std::vector<IniItem> IniValue::items() const {
  if (!text_.starts_with('[') || !text_.ends_with(']') || text_.size() < 2) {
    fail("a list in brackets");
  }
  std::vector<IniItem> items;
  std::string_view rest = without_blanks(text_.substr(1, text_.size() - 2));
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    const std::string_view item = without_blanks(rest.substr(0, comma));
    if (const auto inside = unquoted(item)) {
      items.push_back({*inside, true});
    } else if (whole_number(item)) {
      items.push_back({item, false});
    } else {
      fail("a list of whole numbers or strings in quotes",
           item.empty() ? std::string("nothing between two commas") : quote(item));
    }
    if (comma == std::string_view::npos) break;
    rest = without_blanks(rest.substr(comma + 1));
    if (rest.empty()) fail("an item after the last comma", "none");
  }
  return items;
}

std::vector<int> IniValue::integers(int low, int high) const {
  std::vector<int> values;
  for (const IniItem& item : items()) {
    const auto value = item.quoted ? std::nullopt : whole_number(item.text);
    if (!value || *value < low || *value > high) {
      fail(fmt::format("whole numbers from {} to {}", low, high), quote(item.text));
    }
    values.push_back(static_cast<int>(*value));
  }
  return values;
}

std::vector<std::string_view> IniValue::strings() const {
  std::vector<std::string_view> values;
  for (const IniItem& item : items()) {
    if (!item.quoted) fail("strings in quotes", quote(item.text));
    values.push_back(item.text);
  }
  return values;
}

}  // namespace sextant
