#pragma once

#include <string>
#include <string_view>

namespace sextant {

/// The text as one word of a POSIX shell, whatever is in it: in single quotes.
std::string shell_word(std::string_view text);

/// The same as a bash function `word` of a generated script, for what it alone knows: prints a
/// space and its argument as one word of the shell at the other end of ssh.
std::string_view shell_word_function();

}  // namespace sextant
