#include "analyzer/network/import/nccl_tests_text.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/network/import/text_lines.h"

namespace sextant {

namespace {

using Words = std::vector<std::string_view>;

bool is_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// The line without what a launcher put before it: "[1,0]<stdout>:" of Open MPI, "0: " of srun.
std::string_view without_label(std::string_view line) {
  constexpr std::string_view kStreams[] = {"<stdout>:", "<stderr>:"};
  if (line.starts_with('[')) {
    for (const std::string_view stream : kStreams) {
      const std::size_t at = line.find(stream);
      if (at != std::string_view::npos) return line.substr(at + stream.size());
    }
  }
  const std::size_t digits = line.find_first_not_of(' ');
  const std::size_t colon = line.find(": ");
  if (digits != std::string_view::npos && colon != std::string_view::npos && colon > digits &&
      is_digits(line.substr(digits, colon - digits))) {
    return line.substr(colon + 2);
  }
  return line;
}

/// What a comment says, or the line itself: versions before 2.10 printed some without '#'.
std::string_view without_hash(std::string_view line) {
  const std::size_t begin = line.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  line.remove_prefix(begin);
  if (line.starts_with('#')) line.remove_prefix(1);
  return line;
}

/// The columns of a table, from its head.
struct Columns {
  /// size, count, type, and where the version has them redop and root.
  std::size_t left = 0;
  bool has_redop = false;
  bool has_root = false;
  std::vector<std::vector<std::string>> halves;  ///< out of place, in place
  bool timestamp = false;

  std::size_t figures() const {
    std::size_t sum = timestamp ? 2 : 0;  // a date and a time of day
    for (const auto& half : halves) sum += half.size();
    return sum;
  }
};

bool contains(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_head(const Words& words) {
  return words.size() >= 6 && (words[0] == "size" || words[0] == "bytes") &&
         contains(words, "algbw") && contains(words, "busbw");
}

Columns columns_of(const Words& words, const TextPlace& place) {
  Columns columns;
  for (const std::string_view word : words) {
    if (word == "time" || word == "cputime") columns.halves.emplace_back();
    if (word == "timestamp") {
      columns.timestamp = true;
    } else if (columns.halves.empty()) {
      ++columns.left;
      if (word == "redop" || word == "op") columns.has_redop = true;
      if (word == "root") columns.has_root = true;
    } else {
      columns.halves.back().emplace_back(word);
    }
  }
  const auto complete = [](const std::vector<std::string>& half) {
    return half.size() >= 3 && half[1] == "algbw" && half[2] == "busbw";
  };
  constexpr std::size_t kTwo = 2;
  if (columns.left < 3 || columns.halves.size() != kTwo ||
      !std::all_of(columns.halves.begin(), columns.halves.end(), complete)) {
    place.fail("the head of a table: size, count, type, then time, algbw and busbw twice",
               "another order of columns");
  }
  return columns;
}

class TextReader {
 public:
  TextReader(std::string_view text, const std::string& file)
      : file_(file), lines_(lines_of(text)) {}

  std::vector<NcclTestsRun> read() {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      line_ = static_cast<int>(i) + 1;
      line(without_label(lines_[i]));
    }
    if (runs_.empty()) {
      throw_bad_input(file_ + ": holds no table of nccl-tests");
    }
    return std::move(runs_);
  }

 private:
  TextPlace here() const { return {file_, line_}; }

  void line(std::string_view text) {
    const std::string_view said = without_hash(text);
    const Words words = words_of(said);
    if (words.empty()) return;
    if (is_head(words)) {
      if (runs_.empty() || !in_run_) begin_run();
      columns_ = columns_of(words, here());
      in_table_ = true;
      return;
    }
    const bool comment = text.find_first_not_of(" \t") != std::string_view::npos &&
                         text[text.find_first_not_of(" \t")] == '#';
    if (!comment && looks_like_row(words)) {
      if (!in_table_) {
        here().fail("the head of a table above its rows (\"size count type …\")",
                    "a row without one");
      }
      row(words);
      return;
    }
    header(said, words);
  }

  /// Lines of other programs begin with a number too ("15 more processes …"), but not with two.
  bool looks_like_row(const Words& words) const {
    if (!is_digits(words[0])) return false;
    if (words.size() == 1) return in_table_;
    return is_digits(words[1]) && (in_table_ || words.size() >= 8);
  }

  void begin_run() {
    runs_.emplace_back();
    NcclTestsRun& run = runs_.back();
    run.place = here().text();
    run.version = std::exchange(version_, "");
    run.nccl = std::exchange(nccl_, "");
    run.program = std::exchange(program_, "");
    run.command = std::exchange(command_, "");
    in_run_ = true;
    in_table_ = false;
  }

  void header(std::string_view said, const Words& words) {
    if (words[0] == "nThread" || words[0] == "nThreads") {
      begin_run();
      run_settings(words);
    } else if (said.find("nccl-tests version") != std::string_view::npos) {
      versions(words);
    } else if (words[0] == "Rank" && contains(words, "Pid") && contains(words, "device")) {
      if (in_run_) rank(said, words);
    } else if (words[0] == "NCCL" && words.size() >= 3 && words[1] == "version") {
      nccl_of_run() = std::string(words[2].substr(0, words[2].find('+')));
    } else if (said.find("Out of bounds values") != std::string_view::npos) {
      out_of_bounds(words);
    } else if (said.find("Avg bus bandwidth") != std::string_view::npos) {
      if (in_run_) runs_.back().finished = true;
      in_table_ = false;
    } else {
      program_named(said);
    }
  }

  std::string& nccl_of_run() { return in_run_ ? runs_.back().nccl : nccl_; }

  /// "Collective test starting: all_reduce_perf", or a command line that was echoed.
  void program_named(std::string_view said) {
    const std::string program = nccl_tests_program_in(said);
    if (program.empty()) return;
    if (said.find("test concluded") != std::string_view::npos) {
      if (!runs_.empty()) set_program(runs_.back(), program);
      in_run_ = false;
      return;
    }
    const bool starts = said.find("test starting") != std::string_view::npos;
    // A message of the program amid its run says nothing of the next one's command line.
    const bool amid = in_run_ && !runs_.back().finished;
    if (!starts && !amid) {
      const std::size_t begin = said.find_first_not_of(" \t$>+");
      if (begin != std::string_view::npos) command_ = std::string(said.substr(begin));
    }
    program_ = program;
    if (starts || !amid) in_run_ = false;
  }

  void set_program(NcclTestsRun& run, const std::string& program) const {
    if (!run.program.empty() && run.program != program) {
      here().fail("the end of " + run.program + ", which " + run.place + " begins",
                  "that of " + program);
    }
    run.program = program;
  }

  void run_settings(const Words& words) {
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
      if (words[i] != "maxBytes") continue;
      if (const auto bytes = unsigned_integer(words[i + 1])) {
        runs_.back().max_bytes = static_cast<double>(*bytes);
      }
    }
  }

  void versions(const Words& words) {
    for (std::size_t i = 0; i < words.size(); ++i) {
      constexpr std::string_view kLibrary = "nccl-library=";
      if (words[i] == "version" && i + 1 < words.size()) version_ = std::string(words[i + 1]);
      if (!words[i].starts_with(kLibrary)) continue;
      const auto code = unsigned_integer(words[i].substr(kLibrary.size()));
      if (code) nccl_ = nccl_version_text(*code);
    }
    in_run_ = false;
  }

  /// "Rank  0 Group  0 Pid   6899 on host-1 device  0 [0000:04:00] NVIDIA H100 80GB HBM3"; the
  /// group is missing before 2.11, the host may be empty, the bus was "[0x07]".
  void rank(std::string_view said, const Words& words) {
    const auto after = [&](std::string_view key) -> std::optional<long long> {
      const auto at = std::find(words.begin(), words.end(), key);
      if (at == words.end() || at + 1 == words.end()) return std::nullopt;
      return unsigned_integer(*(at + 1));
    };
    const auto number = after("Rank");
    const auto device = after("device");
    const auto on = std::find(words.begin(), words.end(), "on");
    const std::size_t open = said.find('[');
    const std::size_t close = said.find(']');
    if (!number || !device || on == words.end() || on + 1 == words.end() ||
        close == std::string_view::npos || open > close) {
      here().fail("a rank as \"Rank 0 Group 0 Pid 1 on HOST device 0 [0000:04:00] NVIDIA H100\"",
                  quote(said));
    }
    NcclTestsRun& run = runs_.back();
    if (*number != static_cast<long long>(run.ranks.size())) {
      here().fail(fmt::format("rank {}, since ranks are listed one by one", run.ranks.size()),
                  fmt::format("rank {}", *number));
    }
    BandwidthRank rank;
    if (*(on + 1) != "device") rank.host = std::string(*(on + 1));
    const Words name = words_of(said.substr(close + 1));
    for (const std::string_view word : name) {
      if (!rank.device.empty()) rank.device += ' ';
      rank.device += word;
    }
    rank.details["device"] = std::to_string(*device);
    rank.details["pci_bus_id"] = std::string(said.substr(open + 1, close - open - 1));
    run.ranks.push_back(std::move(rank));
    run.groups.push_back(static_cast<int>(after("Group").value_or(0)));
  }

  void out_of_bounds(const Words& words) {
    in_table_ = false;
    if (!in_run_ || words.back() != "FAILED" || words.size() < 2) return;
    runs_.back().problems.push_back(
        fmt::format("{}: {} values were wrong", here().text(), words[words.size() - 2]));
  }

  void row(const Words& words) {
    constexpr std::size_t kFewest = 3;  // size, count and type are never blank
    const std::size_t figures = columns_.figures();
    if (words.size() < kFewest + figures || words.size() > columns_.left + figures) {
      here().fail(
          fmt::format("{} to {} columns under the table's head", kFewest + figures,
                      columns_.left + figures),
          fmt::format("{}: the line is cut, or another program wrote into it", words.size()));
    }
    NcclTestsRow row;
    row.place = here().text();
    const auto bytes = unsigned_integer(words[0]);
    if (!bytes) here().fail("a size in bytes", quote(words[0]));
    row.bytes = static_cast<double>(*bytes);
    row.type = std::string(words[2]);
    std::size_t next = kFewest;
    const std::size_t left = words.size() - figures;
    // A reduction that does not apply is left blank by old versions.
    for (; next < left; ++next) {
      const bool is_root = columns_.has_root && unsigned_root(words[next]);
      (is_root ? row.root : row.redop) = std::string(words[next]);
    }
    row.out_of_place = half(columns_.halves[0], words, next);
    row.in_place = half(columns_.halves[1], words, next);
    if (!row.out_of_place && !row.in_place) {
      here().fail("a time out of place or in place", "none");
    }
    runs_.back().rows.push_back(std::move(row));
  }

  static bool unsigned_root(std::string_view word) {
    return word == "-1" || unsigned_integer(word).has_value();
  }

  std::optional<NcclTestsFigures> half(const std::vector<std::string>& names, const Words& words,
                                       std::size_t& next) const {
    const std::size_t begin = next;
    next += names.size();
    if (words[begin] == "N/A") return std::nullopt;
    NcclTestsFigures figures;
    figures.time_us = figure(words[begin], "a time in microseconds");
    figures.algbw_gb_per_s = figure(words[begin + 1], "a bandwidth in GB/s");
    figures.busbw_gb_per_s = figure(words[begin + 2], "a bandwidth in GB/s");
    constexpr std::size_t kWrong = 3;
    if (names.size() > kWrong && names[kWrong] == "#wrong" && words[begin + kWrong] != "N/A") {
      const double wrong = figure(words[begin + kWrong], "a count of wrong elements");
      constexpr double kMost = 9e18;
      if (wrong != std::floor(wrong) || wrong > kMost) {
        here().fail("a count of wrong elements", quote(words[begin + kWrong]));
      }
      figures.wrong = static_cast<std::int64_t>(wrong);
    }
    return figures;
  }

  double figure(std::string_view word, std::string_view what) const {
    const auto value = number_in(word);
    if (!value || !std::isfinite(*value) || *value < 0) {
      here().fail(fmt::format("{}, a number that is not negative", what), quote(word));
    }
    return *value;
  }

  const std::string& file_;
  std::vector<std::string_view> lines_;
  int line_ = 0;  ///< from 1
  std::vector<NcclTestsRun> runs_;
  Columns columns_;
  bool in_run_ = false;    ///< what is read belongs to the last of runs_
  bool in_table_ = false;  ///< under the head of a table
  // Said before the run begins that they belong to.
  std::string version_;
  std::string nccl_;
  std::string program_;
  std::string command_;
};

}  // namespace

bool is_nccl_tests_text(std::string_view text) {
  for (const std::string_view line : lines_of(text)) {
    const std::string_view said = without_hash(without_label(line));
    const Words words = words_of(said);
    if (words.empty()) continue;
    if (is_head(words) || words[0] == "nThread" || words[0] == "nThreads") return true;
    if (said.find("nccl-tests version") != std::string_view::npos) return true;
  }
  return false;
}

std::vector<NcclTestsRun> read_nccl_tests_text(std::string_view text, const std::string& file) {
  return TextReader(text, file).read();
}

}  // namespace sextant
