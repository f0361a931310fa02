#include <algorithm>
#include <array>
#include <cctype>
#include <span>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/files.h"
#include "analyzer/network/import/text_lines.h"
#include "analyzer/topology/formats/near_name.h"
#include "analyzer/topology/formats/workload_columns.h"
#include "analyzer/topology/formats/workload_files.h"
#include "analyzer/topology/formats/workload_header.h"

namespace sextant {

namespace {

using Words = std::vector<std::string_view>;

/// One line of a layer, read column by column.
class LayerLine {
 public:
  LayerLine(TextPlace place, const Words& words) : place_(place), words_(words) {
    if (words.size() != kWorkloadColumns.size()) {
      const bool few = words.size() < kWorkloadColumns.size();
      place.fail(
          fmt::format("{} columns ({})", kWorkloadColumns.size(), fmt::join(kWorkloadColumns, " ")),
          fmt::format(
              "{}{}", words.size(),
              few ? fmt::format(": {} is missing", kWorkloadColumns[words.size()])
                  : fmt::format(": {} is too much", quote(words[kWorkloadColumns.size()]))));
    }
  }

  WorkloadLayer read() const {
    WorkloadLayer layer;
    layer.name = words_[kNameColumn];
    if (words_[kDependencyColumn] != "-1") number_at(kDependencyColumn);
    for (std::size_t phase = 0; phase < kTrainingPhases; ++phase) {
      layer.phases[phase] = read_phase(kPhaseColumns + phase * kColumnsOfPhase);
      layer.phases[phase].group = phase == kTrainingPhases - 1 ? kDataGroup : kModelGroup;
    }
    number_at(kUpdateColumn);
    return layer;
  }

 private:
  [[noreturn]] void fail(std::size_t column, std::string_view expected,
                         std::string_view found) const {
    throw_bad_input(fmt::format("{}, column {}: expected {}, found {}", place_.text(),
                                kWorkloadColumns[column], expected, found));
  }

  double number_at(std::size_t column) const {
    const auto value = unsigned_integer(words_[column]);
    if (!value) fail(column, "a whole number, zero or greater", quote(words_[column]));
    return static_cast<double>(*value);
  }

  std::optional<CommunicationOp> op_at(std::size_t column) const {
    std::string name(words_[column]);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    if (name == kNoCommunication) return std::nullopt;
    std::vector<std::string_view> known = {kNoCommunication};
    for (const WorkloadOp& op : kWorkloadOps) {
      if (op.name == name) return op.op;
      known.push_back(op.name);
    }
    fail(column, fmt::format("one of {}", fmt::join(known, ", ")), quote_with_nearest(name, known));
  }

  LayerPhase read_phase(std::size_t column) const {
    LayerPhase phase;
    phase.compute_s = number_at(column) / kWorkloadTicksPerS;
    phase.op = op_at(column + 1);
    phase.bytes = number_at(column + 2);
    if (!phase.op && phase.bytes > 0) {
      fail(column + 2, "0, for there is no communication", quote(words_[column + 2]));
    }
    return phase;
  }

  TextPlace place_;
  const Words& words_;
};

/// The lines of a file that are not blank.
class WorkloadLines {
 public:
  WorkloadLines(const std::string& file, std::string_view text) : file_(file) {
    int number = 0;
    for (const std::string_view line : lines_of(text)) {
      Words words = words_of(line);
      ++number;
      if (!words.empty()) lines_.push_back({number, std::move(words)});
    }
    if (lines_.empty()) throw_bad_input(fmt::format("{}: is empty; expected a workload", file));
  }

  /// A header has options or is one word, a layer is neither.
  bool has_header() const {
    const Words& first = lines_.front().words;
    return first.size() == 1 || std::any_of(first.begin(), first.end(), [](std::string_view word) {
             return word.ends_with(':');
           });
  }
  const Words& header() const { return lines_.front().words; }
  TextPlace header_place() const { return {file_, lines_.front().number}; }

  /// The layers behind `skipped` lines.
  std::vector<WorkloadLayer> layers(std::size_t skipped) const {
    std::vector<WorkloadLayer> layers;
    for (const Line& line : std::span(lines_).subspan(skipped)) {
      layers.push_back(LayerLine({file_, line.number}, line.words).read());
    }
    return layers;
  }

  /// The line below a header; as many layers must follow.
  void check_count() const {
    if (lines_.size() < 2) header_place().fail("a line with the number of layers below", "none");
    const Line& line = lines_[1];
    const TextPlace place = {file_, line.number};
    const auto stated =
        line.words.size() == 1 ? unsigned_integer(line.words.front()) : std::nullopt;
    if (!stated || *stated < 1) {
      place.fail("the number of layers", quote(fmt::format("{}", fmt::join(line.words, " "))));
    }
    const std::size_t found = lines_.size() - 2;
    if (static_cast<std::size_t>(*stated) != found) {
      place.fail(fmt::format("{} layers to follow, as it says", *stated), fmt::format("{}", found));
    }
  }

 private:
  struct Line {
    int number = 0;
    Words words;
  };

  const std::string& file_;
  std::vector<Line> lines_;
};

}  // namespace

Workload read_workload_text(const std::filesystem::path& path) {
  const std::string file = path.string();
  const std::string text = read_file(path);
  const WorkloadLines lines(file, text);
  Workload workload;
  workload.name = path.stem().string();
  workload.groups = {{"model", 0}, {"data", 0}};
  if (!lines.has_header()) {
    workload.layers = lines.layers(0);
    return workload;
  }
  lines.check_count();
  workload.layers = lines.layers(2);
  read_workload_header(lines.header(), lines.header_place(), workload);
  return workload;
}

}  // namespace sextant
