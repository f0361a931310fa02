#include "analyzer/report/text_timeline.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/table.h"
#include "analyzer/report/timeline_rows.h"

namespace sextant {

namespace {

constexpr std::size_t kLeastColumns = 40;
constexpr std::size_t kWidestName = 30;

struct Letter {
  char letter;
  const char* meaning;
};
/// In the order of the legend; of equally long ones the first is drawn.
constexpr std::array kLetters = {Letter{'F', "forward"},
                                 Letter{'B', "backward"},
                                 Letter{'W', "backward of weights"},
                                 Letter{'U', "update"},
                                 Letter{'~', "exposed communication"},
                                 Letter{'.', "bubble"}};
constexpr std::size_t kExposed = 4, kBubble = 5;

std::size_t letter_of(Activity activity) {
  switch (activity) {
    case Activity::kForward:
      return 0;
    case Activity::kBackward:
    case Activity::kBackwardInput:
      return 1;
    case Activity::kBackwardWeight:
      return 2;
    case Activity::kUpdate:
      return 3;
    default:  // on a compute stream there is none of these
      return kExposed;
  }
}

/// How long each letter holds in a column, seconds.
using Column = std::array<double, kLetters.size()>;

class Line {
 public:
  Line(std::size_t width, double end_s)
      : columns_(width), column_s_(end_s / static_cast<double>(width)) {}

  void add(double from_s, double to_s, std::size_t letter) {
    const auto last = columns_.size() - 1;
    auto c = std::min(last, static_cast<std::size_t>(from_s / column_s_));
    for (; c <= last; ++c) {
      const double start = static_cast<double>(c) * column_s_;
      if (start >= to_s) break;
      columns_[c][letter] +=
          std::max(0.0, std::min(to_s, start + column_s_) - std::max(from_s, start));
    }
  }

  std::string text() const {
    std::string out;
    for (Column column : columns_) {
      double busy = 0;
      for (const double part : column) busy += part;
      column[kBubble] = std::max(0.0, column_s_ - busy);
      // Sums of rounded numbers: a hair more is not more.
      std::size_t most = 0;
      for (std::size_t l = 1; l < column.size(); ++l) {
        if (column[l] > column[most] + 1e-9 * column_s_) most = l;
      }
      out += kLetters[most].letter;
    }
    return out;
  }

 private:
  std::vector<Column> columns_;
  double column_s_;
};

std::string cut(std::string text, std::size_t width) {
  if (text.size() > width) text = text.substr(0, width - 2) + "..";
  return text;
}

}  // namespace

std::string text_timeline(const Timeline& timeline, std::size_t columns, std::size_t most_rows) {
  columns = std::max(columns, kLeastColumns);
  if (!(timeline.end_s > 0)) return "";
  const std::vector<TimelineRow> rows = timeline_rows(timeline, timeline.end_s / 1e6);
  std::vector<std::string> names;
  std::size_t name_width = 0;
  for (const TimelineRow& row : rows) {
    std::string name = name_of(row, timeline);
    if (row.tracks.size() > 1) name += fmt::format(" x{}", row.tracks.size());
    names.push_back(cut(std::move(name), kWidestName));
    name_width = std::max(name_width, names.back().size());
  }
  const std::size_t width = columns - name_width - 2;
  std::string text, drawn;
  for (std::size_t r = 0; r < std::min(rows.size(), most_rows); ++r) {
    Line line(width, timeline.end_s);
    for (const TimelineSpan& span : rows[r].spans) {
      if (span.stream == Stream::kCompute) {
        line.add(span.start_s, span.end_s, letter_of(span.activity));
      }
    }
    for (const ExposedTime& time : rows[r].exposed) line.add(time.start_s, time.end_s, kExposed);
    const std::string letters = line.text();
    text += fmt::format("{:<{}}  {}\n", names[r], name_width, letters);
    drawn += letters;
  }
  if (rows.size() > most_rows) {
    const std::size_t left_out = rows.size() - most_rows;
    text += fmt::format("and {} more row{}\n", left_out, left_out == 1 ? "" : "s");
  }
  text +=
      fmt::format("{:<{}}  0{:>{}}\n", "", name_width, format_seconds(timeline.end_s), width - 1);
  std::string legend;
  for (const Letter& letter : kLetters) {
    if (drawn.find(letter.letter) == std::string::npos) continue;
    legend += fmt::format("{}{} {}", legend.empty() ? "" : ", ", letter.letter, letter.meaning);
  }
  return text + fmt::format("{}; a column is {}\n", legend,
                            format_seconds(timeline.end_s / static_cast<double>(width)));
}

std::string text_memory(const std::vector<StagePrediction>& stages, std::size_t columns) {
  columns = std::max(columns, kLeastColumns);
  if (std::none_of(stages.begin(), stages.end(), [](const StagePrediction& stage) {
        return stage.memory_bound_bytes > 0 && stage.memory_capacity_bytes > 0;
      })) {
    return "";
  }
  std::vector<std::string> figures;
  std::size_t figure_width = 0;
  for (const StagePrediction& stage : stages) {
    figures.push_back(fmt::format("{} of {}", format_gib(stage.memory_bound_bytes),
                                  format_gib(stage.memory_capacity_bytes)));
    figure_width = std::max(figure_width, figures.back().size());
  }
  const std::size_t name_width = fmt::format("stage {}", stages.size() - 1).size();
  const std::size_t width = columns - name_width - figure_width - 6;
  std::string text;
  bool bounds = false, exceeded = false;
  for (std::size_t s = 0; s < stages.size(); ++s) {
    const StagePrediction& stage = stages[s];
    const auto marks = [&](double bytes) {
      const double part = bytes / stage.memory_capacity_bytes;
      return static_cast<std::size_t>(
          std::lround(std::min(1.0, part) * static_cast<double>(width)));
    };
    const std::size_t expected = marks(stage.peak_memory_bytes);
    const std::size_t bound = std::max(expected, marks(stage.memory_bound_bytes));
    const bool over = stage.memory_bound_bytes > stage.memory_capacity_bytes;
    bounds |= bound > expected;
    exceeded |= over;
    text += fmt::format("{:<{}}  [{}{}{}{} {}\n", fmt::format("stage {}", s), name_width,
                        std::string(expected, '#'), std::string(bound - expected, '+'),
                        std::string(width - bound, ' '), over ? "!" : "]", figures[s]);
  }
  return text + fmt::format("# expected on the fullest GPU{}{}, to its capacity\n",
                            bounds ? ", + at most" : "", exceeded ? ", ! more than there is" : "");
}

}  // namespace sextant
