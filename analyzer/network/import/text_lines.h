#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sextant {

/// A file that is read line by line, and says in messages where it stands.
struct TextPlace {
  const std::string& file;
  int line = 0;  ///< from 1

  std::string text() const;
  /// Throws Error(kBadInput): "FILE at line 7: expected EXPECTED, found FOUND".
  [[noreturn]] void fail(std::string_view expected, std::string_view found) const;
};

/// Lines without their ends ("\n", "\r\n"); a byte order mark is left out.
std::vector<std::string_view> lines_of(std::string_view text);
/// Words between spaces and tabs.
std::vector<std::string_view> words_of(std::string_view line);

/// A whole number without sign; nothing where `text` is none below 2^63.
std::optional<long long> unsigned_integer(std::string_view text);
/// Any number, also nan and inf, in the C locale; nothing where `text` is none.
std::optional<double> number_in(std::string_view text);

}  // namespace sextant
