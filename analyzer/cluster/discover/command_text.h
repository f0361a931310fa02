#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sextant {

/// The lines of what a command printed, as a file has them or a terminal showed them: without byte
/// order mark, carriage returns, escape codes that colour a terminal, and blanks at the end. Throws
/// Error(kBadInput) naming `source` where it is no text (NUL bytes, as in UTF-16).
std::vector<std::string> command_lines(std::string_view text, const std::string& source);

/// What stands between blanks.
std::vector<std::string> words_of(std::string_view line);
/// What stands between separators, without the blanks around it. "" has one empty part.
std::vector<std::string> parts_of(std::string_view text, char separator);
std::string_view trimmed(std::string_view text);
/// ASCII letters in upper case.
std::string upper_case(std::string_view text);

/// A whole number in [0, most] that takes up all of `text`.
std::optional<int> whole_number(std::string_view text, int most);

/// `text`, where it can be the name of something in a document: 1 to 200 bytes of UTF-8 without
/// control characters. Else throws Error(kBadInput): "PLACE: expected WHAT, found …".
std::string foreign_name(std::string_view text, const std::string& place, std::string_view what);

}  // namespace sextant
