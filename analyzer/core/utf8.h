#pragma once

#include <cstddef>
#include <string_view>

namespace sextant {

/// Bytes of the valid UTF-8 sequence (RFC 3629: no overlong form, no surrogate) that `text` begins
/// with; 0 where it begins with none, or is empty.
std::size_t utf8_length(std::string_view text);

}  // namespace sextant
