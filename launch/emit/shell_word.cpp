#include "launch/emit/shell_word.h"

namespace sextant {

std::string shell_word(std::string_view text) {
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'') {
      word += "'\\''";
    } else {
      word += c;
    }
  }
  return word + "'";
}

std::string_view shell_word_function() {
  return R"sh(# Prints its argument as one word of the shell at the other end.
word() {
  local quote="'\\''"
  printf " '%s'" "${1//\'/$quote}"
}
)sh";
}

}  // namespace sextant
