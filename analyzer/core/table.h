#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sextant {

/// A table for a terminal: columns as wide as their widest cell, text to the left and numbers to
/// the right, a rule under the header. Width counts code points, not bytes.
class Table {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string header;
    Align align = Align::kRight;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// One cell per column; throws Error(kInternal) on another number.
  void add_row(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  /// Every line ends with a newline; no trailing spaces.
  std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// "12.3 ms", "4.56 s", "1 h 02 min": for people; three significant digits.
std::string format_seconds(double seconds);
/// "123 MB", "4.56 GB": decimal units; three significant digits.
std::string format_bytes(double bytes);
/// "39.4 GiB": device memory.
std::string format_gib(double bytes);
/// "1.56 GB/s".
std::string format_bandwidth(double bytes_per_s);
/// "0.261", "1,234", "12.3 M": a plain number with three to four significant digits.
std::string format_count(double value);

/// Text as one field of a CSV file, in quotes where it must be (RFC 4180, section 2).
std::string csv_field(std::string_view text);

}  // namespace sextant
