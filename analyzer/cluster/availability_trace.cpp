#include "analyzer/cluster/availability_trace.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/core/json_document.h"

namespace sextant {

namespace {

constexpr int kMostGpusPerCell = 1'000'000;
constexpr std::size_t kMostColumns = 2000;  // with the above, a row's sum fits an int
constexpr std::size_t kLongestName = 200;

/// One cell of the file, with its place for messages (both counted from 1).
struct Cell {
  std::string_view text;
  std::size_t line = 0;
  std::size_t column = 0;
};

class TraceParser {
 public:
  TraceParser(std::string_view text, std::string file) : text_(text) {
    trace_.file = std::move(file);
  }

  AvailabilityTrace parse() {
    check_encoding();
    std::vector<Cell> cells;
    if (!next_line(cells))
      refuse({"", 1, 1}, "a header ,Timestamp,<gpu>_<zone>,…", "an empty file");
    parse_header(cells);
    while (next_line(cells)) parse_row(cells);
    if (trace_.rows.empty()) refuse({"", line_ + 1, 1}, "at least one row of counts", "none");
    for (std::size_t i = 0; i + 1 < trace_.rows.size(); ++i) {
      trace_.rows[i].duration_s = trace_.rows[i + 1].time_s - trace_.rows[i].time_s;
    }
    return std::move(trace_);
  }

 private:
  [[noreturn]] void refuse(const Cell& cell, std::string_view expected,
                           std::string_view found) const {
    throw_bad_input(fmt::format("{}:{}:{}: expected {}, found {}", trace_.file, cell.line,
                                cell.column, expected, found));
  }

  void check_encoding() {
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
    if (text_.starts_with("\xFF\xFE") || text_.starts_with("\xFE\xFF")) {
      refuse({"", 1, 1}, "UTF-8 text", "UTF-16");
    }
    const std::size_t nul = text_.find('\0');
    if (nul != std::string_view::npos) {
      throw_bad_input(
          fmt::format("{}: at byte {}: expected text, found a zero byte (binary or "
                      "UTF-16 content)",
                      trace_.file, nul));
    }
  }

  /// The cells of the next line that is not blank; false at the end of the file.
  bool next_line(std::vector<Cell>& cells) {
    while (!text_.empty()) {
      ++line_;
      const std::size_t end = std::min(text_.find('\n'), text_.size());
      std::string_view line = text_.substr(0, end);
      text_.remove_prefix(std::min(end + 1, text_.size()));
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
      split(line, cells);
      return true;
    }
    return false;
  }

  void split(std::string_view line, std::vector<Cell>& cells) const {
    cells.clear();
    std::size_t start = 0;
    while (true) {
      const std::size_t comma = std::min(line.find(',', start), line.size());
      cells.push_back({line.substr(start, comma - start), line_, start + 1});
      if (comma == line.size()) return;
      start = comma + 1;
    }
  }

  void parse_header(const std::vector<Cell>& cells) {
    has_index_ = cells[0].text.empty();
    first_count_ = has_index_ ? 2 : 1;
    const std::size_t time = first_count_ - 1;
    if (cells.size() <= time || cells[time].text != "Timestamp") {
      const Cell& cell = cells[std::min(time, cells.size() - 1)];
      refuse(cell, "the header ,Timestamp,<gpu>_<zone>,…", quote(cell.text));
    }
    if (cells.size() == first_count_) {
      refuse(cells.back(), "a column <gpu>_<zone> after Timestamp", "none");
    }
    if (cells.size() - first_count_ > kMostColumns) {
      refuse(cells[first_count_ + kMostColumns], fmt::format("at most {} columns", kMostColumns),
             fmt::format("{}", cells.size() - first_count_));
    }
    std::set<std::string_view> seen;
    for (std::size_t i = first_count_; i < cells.size(); ++i) {
      const Cell& cell = cells[i];
      if (!seen.insert(cell.text).second) {
        refuse(cell, "each column once", quote(cell.text) + " again");
      }
      trace_.columns.push_back(column_of(cell));
    }
  }

  AvailabilityTrace::Column column_of(const Cell& cell) const {
    const std::string_view text = cell.text;
    // GPU names have no underscore; zones may.
    const std::size_t split = text.find('_');
    bool clean = split != std::string_view::npos && split > 0 && split + 1 < text.size() &&
                 text.size() <= kLongestName;
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      clean = clean && byte > 0x20 && byte != 0x7F && c != '"';
    }
    if (!clean) refuse(cell, "a column name <gpu>_<zone> without blanks or quotes", quote(text));
    return {std::string(text.substr(0, split)), std::string(text.substr(split + 1))};
  }

  void parse_row(const std::vector<Cell>& cells) {
    const std::size_t expected = first_count_ + trace_.columns.size();
    if (cells.size() != expected) {
      refuse(cells.back(), fmt::format("{} cells as in the header", expected),
             fmt::format("{}", cells.size()));
    }
    if (has_index_) integer(cells[0], std::numeric_limits<int>::max(), "the row's index");
    TraceRow row;
    row.time_s = time(cells[first_count_ - 1]);
    if (!trace_.rows.empty() && row.time_s <= trace_.rows.back().time_s) {
      refuse(cells[first_count_ - 1],
             fmt::format("a time after that of the row before, {}", trace_.rows.back().time_s),
             quote(cells[first_count_ - 1].text));
    }
    for (std::size_t i = first_count_; i < cells.size(); ++i) {
      row.counts.push_back(integer(cells[i], kMostGpusPerCell, "a number of GPUs"));
    }
    trace_.rows.push_back(std::move(row));
  }

  int integer(const Cell& cell, int high, std::string_view what) const {
    int value = 0;
    const char* end = cell.text.data() + cell.text.size();
    const auto parsed = std::from_chars(cell.text.data(), end, value);
    if (parsed.ec != std::errc() || parsed.ptr != end || value < 0 || value > high) {
      refuse(cell, fmt::format("{} from 0 to {}", what, high), quote(cell.text, 40));
    }
    return value;
  }

  double time(const Cell& cell) const {
    double value = 0;
    const char* end = cell.text.data() + cell.text.size();
    const auto parsed = std::from_chars(cell.text.data(), end, value);
    if (parsed.ec != std::errc() || parsed.ptr != end || !std::isfinite(value)) {
      refuse(cell, "a time in seconds", quote(cell.text, 40));
    }
    return value;
  }

  std::string_view text_;
  AvailabilityTrace trace_;
  std::size_t line_ = 0;
  bool has_index_ = false;
  std::size_t first_count_ = 0;  ///< column of the first GPU count
};

}  // namespace

std::vector<GpuCount> AvailabilityTrace::available(std::size_t row) const {
  if (row >= rows.size()) {
    throw_usage(fmt::format("{} has rows 0 to {}; there is no row {}", file, rows.size() - 1, row));
  }
  std::vector<GpuCount> out;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (rows[row].counts[i] == 0) continue;
    out.push_back({columns[i].gpu, columns[i].zone, rows[row].counts[i]});
  }
  if (out.empty()) throw_infeasible(fmt::format("{}: row {} has no GPUs at all", file, row));
  return out;
}

AvailabilityTrace parse_trace_csv(std::string_view text, std::string name) {
  return TraceParser(text, std::move(name)).parse();
}

AvailabilityTrace read_trace_csv(const std::filesystem::path& path) {
  return parse_trace_csv(read_file(path), path.string());
}

AvailabilityTrace read_trace_json(const std::filesystem::path& path, std::string gpu,
                                  std::string zone) {
  const JsonDocument document = JsonDocument::read(path);
  AvailabilityTrace trace;
  trace.file = document.file();
  trace.columns.push_back({std::move(gpu), std::move(zone)});
  for (const JsonNode& entry : document.root().elements()) {
    entry.only({"Time", "GPUs"});
    TraceRow row;
    row.time_s = entry.at("Time").number();
    row.counts = {static_cast<int>(entry.at("GPUs").integer(0, kMostGpusPerCell))};
    if (!trace.rows.empty()) {
      TraceRow& before = trace.rows.back();
      if (row.time_s <= before.time_s) {
        entry.at("Time").fail(
            fmt::format("a time after that of the entry before, {}", before.time_s));
      }
      before.duration_s = row.time_s - before.time_s;
    }
    trace.rows.push_back(std::move(row));
  }
  if (trace.rows.empty()) document.root().fail("at least one {\"Time\", \"GPUs\"}");
  return trace;
}

}  // namespace sextant
