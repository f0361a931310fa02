#include "analyzer/core/error.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "analyzer/core/utf8.h"

namespace sextant {

Error::Error(ErrorCode code, std::string message)
    : code_(code), message_(std::move(message)), text_(message_) {}

Error& Error::in(std::string context) {
  text_ = std::move(context) + ": " + text_;
  return *this;
}

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInternal:
      return "internal";
    case ErrorCode::kUsage:
      return "usage";
    case ErrorCode::kBadInput:
      return "bad_input";
    case ErrorCode::kInfeasible:
      return "infeasible";
    case ErrorCode::kPartial:
      return "partial";
  }
  return "internal";
}

void throw_usage(std::string message) {
  throw Error(ErrorCode::kUsage, std::move(message));
}
void throw_bad_input(std::string message) {
  throw Error(ErrorCode::kBadInput, std::move(message));
}
void throw_infeasible(std::string message) {
  throw Error(ErrorCode::kInfeasible, std::move(message));
}

std::string quote(std::string_view text, std::size_t max_length) {
  std::string out = "\"";
  std::size_t i = 0;
  while (i < text.size() && out.size() < max_length) {
    const std::size_t length = utf8_length(text.substr(i));
    const auto byte = static_cast<unsigned char>(text[i]);
    // U+0080 … U+009F are controls too: terminals take U+009B for the start of an escape sequence.
    const bool c1 = length == 2 && byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (length == 0 || c1 || (length == 1 && (byte < 0x20 || byte == 0x7F))) {
      out += fmt::format("\\x{:02x}", byte);
      ++i;
      continue;
    }
    if (length == 1 && (byte == '"' || byte == '\\')) out += '\\';
    out += text.substr(i, length);
    i += length;
  }
  out += '"';
  if (i < text.size()) out += fmt::format("… ({} bytes)", text.size());
  return out;
}

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
  constexpr std::size_t kLongest = 200;
  if (name.size() > kLongest) return "";
  std::string best;
  // Half of a short name must stay, or everything short is near.
  std::size_t best_distance =
      std::min(std::max<std::size_t>(2, name.size() / 3), name.size() / 2) + 1;
  for (const std::string& candidate : candidates) {
    // Optimal string alignment: insertions, deletions, substitutions, swaps of neighbours.
    std::vector<std::size_t> row(candidate.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    std::vector<std::size_t> above = row;
    std::vector<std::size_t> above_that = row;
    for (std::size_t i = 0; i < name.size(); ++i) {
      above_that = std::move(above);
      above = row;
      row[0] = i + 1;
      for (std::size_t j = 0; j < candidate.size(); ++j) {
        const bool same = name[i] == candidate[j];
        row[j + 1] = std::min({above[j + 1] + 1, row[j] + 1, above[j] + (same ? 0 : 1)});
        if (i > 0 && j > 0 && name[i] == candidate[j - 1] && name[i - 1] == candidate[j]) {
          row[j + 1] = std::min(row[j + 1], above_that[j - 1] + 1);
        }
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best;
}

}  // namespace sextant
