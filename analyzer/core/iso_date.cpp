#include "analyzer/core/iso_date.h"

#include <charconv>
#include <chrono>
#include <string_view>

namespace sextant {

namespace {

/// The number that the digits at [begin, begin + length) say; -1 where one is no digit.
int digits(std::string_view text, std::size_t begin, std::size_t length) {
  const std::string_view part = text.substr(begin, length);
  if (part.find_first_not_of("0123456789") != std::string_view::npos) return -1;
  int value = -1;
  std::from_chars(part.data(), part.data() + part.size(), value);
  return value;
}

}  // namespace

const std::string& read_iso_date(const JsonNode& node) {
  const std::string& text = node.string();
  bool valid = text.size() == 10 && text[4] == '-' && text[7] == '-';
  if (valid) {
    const int year = digits(text, 0, 4);
    const int month = digits(text, 5, 2);
    const int day = digits(text, 8, 2);
    valid = year >= 0 && month >= 0 && day >= 0 &&
            std::chrono::year_month_day(std::chrono::year(year),
                                        std::chrono::month(static_cast<unsigned>(month)),
                                        std::chrono::day(static_cast<unsigned>(day)))
                .ok();
  }
  if (!valid) node.fail("a date YYYY-MM-DD");
  return text;
}

}  // namespace sextant
