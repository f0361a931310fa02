#include <map>
#include <set>

#include <fmt/format.h>

#include "analyzer/core/evidence.h"
#include "analyzer/core/table.h"
#include "analyzer/report/line_chart.h"
#include "analyzer/report/views/figure_text.h"
#include "analyzer/report/views/report_views.h"

namespace sextant {

namespace {

constexpr int kMostTokens = 1 << 30;

struct SweepPoint {
  std::string variant;
  int tp = 1;
  int microbatch = 0;  ///< 0: of serving
  double forward_s = 0;
  double backward_s = 0;
  double update_s = 0;
};

/// A panel for each phase, a line for each variant and tensor degree; nothing of fewer than two
/// microbatches.
std::optional<LineChart> chart_of(const std::vector<SweepPoint>& points, Evidence evidence) {
  std::map<std::string, std::map<int, const SweepPoint*>> series;
  std::set<int> microbatches;
  double largest = 0;
  for (const SweepPoint& point : points) {
    if (point.microbatch == 0) continue;
    series[fmt::format("{}, tp {}", point.variant, point.tp)][point.microbatch] = &point;
    microbatches.insert(point.microbatch);
    largest = std::max({largest, point.forward_s, point.backward_s});
  }
  if (microbatches.size() < 2) return std::nullopt;
  const PlotUnit unit = time_unit(largest);
  LineChart chart;
  chart.title = "Time of all layers by microbatch";
  chart.x_label = "microbatch, sequences";
  chart.evidence = to_string(evidence);
  chart.columns = 3;
  for (const auto& [name, line] : series) chart.series.push_back(name);
  for (const auto& [name, member] : {std::pair("forward", &SweepPoint::forward_s),
                                     {"backward", &SweepPoint::backward_s},
                                     {"update", &SweepPoint::update_s}}) {
    LineChart::Panel panel{name, std::string(unit.name), {}};
    for (const auto& [series_name, line] : series) {
      std::vector<LineChart::Point>& drawn = panel.lines.emplace_back();
      for (const auto& [microbatch, point] : line) {
        drawn.push_back({static_cast<double>(microbatch), unit.of(point->*member)});
      }
    }
    chart.panels.push_back(std::move(panel));
  }
  return chart;
}

/// Of an optional figure.
template <typename Cell>
HtmlTable::Cell cell_of(const JsonNode& node, std::string_view member, Cell cell) {
  const auto found = node.find(member);
  return found ? cell(found->number()) : no_cell();
}

std::string text_of(const JsonNode& node, std::string_view member) {
  const auto found = node.find(member);
  return found ? found->string() : "";
}

}  // namespace

void add_sweep_view(const JsonDocument& document, const ReportInputs&,
                    std::vector<HtmlSection>& sections) {
  const JsonNode root = document.root();
  HtmlTable table{"Points",
                  {{"variant"},
                   {"tp", true},
                   {"tokens", true},
                   {"microbatch", true},
                   {"status"},
                   {"forward, s", true},
                   {"backward, s", true},
                   {"update, s", true},
                   {"standard deviation / mean", true},
                   {"peak of a step, B", true},
                   {"collectives"},
                   {"remark"},
                   {"file"}},
                  {}};
  std::vector<SweepPoint> points;
  std::map<std::string, int> statuses;
  std::optional<Evidence> weakest;
  for (const JsonNode& node : root.at("points").elements()) {
    const std::string& status = node.at("status").string();
    ++statuses[status];
    if (const auto class_of_point = node.find("evidence")) {
      const Evidence evidence = read_evidence(*class_of_point);
      weakest = weakest ? weaker(*weakest, evidence) : evidence;
    }
    SweepPoint point;
    point.variant = node.at("variant").string();
    point.tp = node.at("tp").count();
    if (const auto microbatch = node.find("microbatch")) point.microbatch = microbatch->count();
    if (node.has("forward_s") && node.has("backward_s") && node.has("update_s")) {
      point.forward_s = node.at("forward_s").non_negative();
      point.backward_s = node.at("backward_s").non_negative();
      point.update_s = node.at("update_s").non_negative();
      points.push_back(point);
    }
    std::string remark = text_of(node, "reason");
    if (remark.empty()) remark = text_of(node, "unmet");
    if (const auto largest = node.find("largest_microbatch")) {
      remark += fmt::format(" (largest that fits: {})", largest->integer(0, kMostTokens));
    }
    const auto tokens = node.find("seq_len");
    table.rows.push_back({{point.variant},
                          integer_cell(point.tp),
                          tokens ? integer_cell(tokens->count()) : no_cell(),
                          point.microbatch > 0 ? integer_cell(point.microbatch) : no_cell(),
                          {status},
                          cell_of(node, "forward_s", seconds_cell),
                          cell_of(node, "backward_s", seconds_cell),
                          cell_of(node, "update_s", seconds_cell),
                          cell_of(node, "noise", percent_cell),
                          cell_of(node, "peak_memory_bytes", memory_cell),
                          {node.at("collectives").string()},
                          {remark},
                          {node.at("file").string()}});
  }
  HtmlSection section(
      fmt::format("Profiling sweep: {} on {}", root.at("model").string(), root.at("gpu").string()),
      document.file(), weakest ? std::string(to_string(*weakest)) : "");
  std::vector<std::pair<std::string, std::string>> facts = {{"mode", root.at("mode").string()},
                                                            {"device", root.at("device").string()},
                                                            {"shard", root.at("shard").string()}};
  for (const auto& [status, count] : statuses) facts.emplace_back(status, std::to_string(count));
  if (const auto estimate = root.find("estimated_s")) {
    facts.emplace_back("estimated to take", format_seconds(estimate->non_negative()));
  }
  section.facts(facts);
  if (!root.at("complete").boolean()) section.warning("Not every point was measured.");
  if (weakest) {
    if (const auto chart = chart_of(points, *weakest)) {
      section.figure("time-by-microbatch", svg(*chart));
    }
  }
  if (!table.rows.empty()) section.table(table);
  sections.push_back(std::move(section));
}

}  // namespace sextant
