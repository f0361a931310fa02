#pragma once

#include <string>
#include <string_view>

namespace sextant {

/// The text as one word of a POSIX shell, whatever is in it: in single quotes.
std::string shell_word(std::string_view text);

}  // namespace sextant
