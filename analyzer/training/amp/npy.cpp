#include "analyzer/training/amp/npy.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"

namespace sextant::amp {

namespace {

// numpy.lib.format: "\x93NUMPY", major and minor version, length of the header (2 bytes in version
// 1, 4 in version 2, little-endian), the header (a Python dictionary), the numbers.
constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kVersionAt = 6;
constexpr std::size_t kLengthAt = 8;

/// Reads the header's dictionary. Knows the three members that the format allows.
class HeaderReader {
 public:
  HeaderReader(std::string_view text, std::string file, std::size_t offset)
      : text_(text), file_(std::move(file)), offset_(offset) {}

  /// Elements of the array.
  std::size_t elements() {
    expect("{");
    std::optional<std::size_t> count;
    bool has_type = false;
    bool has_order = false;
    while (!accept("}")) {
      if (!has_type && accept("'descr'")) {
        expect(":");
        expect("'<f8'");
        has_type = true;
      } else if (!has_order && accept("'fortran_order'")) {
        expect(":");
        // The order of one dimension is no order.
        if (!accept("True")) expect("False");
        has_order = true;
      } else if (!count && accept("'shape'")) {
        expect(":");
        expect("(");
        count = number();
        expect(",");
        expect(")");
      } else {
        fail("'descr', 'fortran_order' or 'shape', once each");
      }
      if (!accept(",")) {
        expect("}");
        break;
      }
    }
    skip_spaces();
    if (at_ != text_.size()) fail("the end of the header");
    if (!has_type || !has_order || !count) fail("'descr', 'fortran_order' and 'shape' before here");
    return *count;
  }

 private:
  void skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool accept(std::string_view token) {
    skip_spaces();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  void expect(std::string_view token) {
    if (!accept(token)) fail(token);
  }
  std::size_t number() {
    skip_spaces();
    constexpr std::size_t kMostElements = 1'000'000;
    std::size_t value = 0;
    const std::size_t first = at_;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      value = value * 10 + static_cast<std::size_t>(text_[at_] - '0');
      if (value > kMostElements) fail(fmt::format("at most {} numbers", kMostElements));
    }
    if (at_ == first) fail("a number of elements");
    return value;
  }
  [[noreturn]] void fail(std::string_view expected) const {
    throw_bad_input(fmt::format("{} at byte {}: expected {}, found {}", file_, offset_ + at_,
                                expected, quote(text_.substr(at_, 20))));
  }

  std::string_view text_;
  std::string file_;
  std::size_t offset_;
  std::size_t at_ = 0;
};

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

}  // namespace

std::vector<double> read_npy(const std::filesystem::path& file) {
  static_assert(std::numeric_limits<double>::is_iec559 && sizeof(double) == 8);
  const std::string content = read_file(file);
  const std::string_view bytes = content;
  if (!bytes.starts_with(kMagic) || bytes.size() < kLengthAt) {
    throw_bad_input(fmt::format("{} at byte 0: expected a NumPy array (.npy), found {}",
                                file.string(), quote(bytes.substr(0, kLengthAt))));
  }
  const int major = static_cast<unsigned char>(bytes[kVersionAt]);
  if (major != 1 && major != 2) {
    throw_bad_input(fmt::format("{} at byte {}: expected format version 1 or 2, found {}",
                                file.string(), kVersionAt, major));
  }
  const std::size_t length_bytes = major == 1 ? 2 : 4;
  const std::size_t header_at = kLengthAt + length_bytes;
  const std::uint64_t header_length = little_endian(bytes.substr(kLengthAt, length_bytes));
  if (bytes.size() < header_at || bytes.size() - header_at < header_length) {
    throw_bad_input(fmt::format("{} at byte {}: expected a header of {} bytes, found the end",
                                file.string(), kLengthAt, header_length));
  }
  const std::string_view header = bytes.substr(header_at, header_length);
  const std::size_t count = HeaderReader(header, file.string(), header_at).elements();
  const std::string_view data = bytes.substr(header_at + header_length);
  if (data.size() != count * sizeof(double)) {
    throw_bad_input(fmt::format("{} at byte {}: expected {} numbers of 8 bytes, found {} bytes",
                                file.string(), header_at + header_length, count, data.size()));
  }
  std::vector<double> values;
  values.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    values.push_back(
        std::bit_cast<double>(little_endian(data.substr(i * sizeof(double), sizeof(double)))));
  }
  return values;
}

}  // namespace sextant::amp
