#include <fmt/format.h>

#include "analyzer/core/table.h"
#include "analyzer/report/bar_chart.h"
#include "analyzer/report/views/figure_text.h"
#include "analyzer/report/views/report_views.h"

namespace sextant {

namespace {

struct ComparedPoint {
  std::string name;  ///< "bf16 tp 2 mbs 4"
  double a_s = 0;
  double b_s = 0;
};

BarChart chart_of(const std::vector<ComparedPoint>& points) {
  double largest = 0;
  for (const ComparedPoint& point : points) largest = std::max({largest, point.a_s, point.b_s});
  const PlotUnit unit = time_unit(largest);
  BarChart chart;
  chart.title = "Forward and backward of all layers";
  // The document carries no class of its own: that of the two profiles is in theirs.
  chart.evidence = "that of the profiles";
  chart.series = {"A", "B"};
  BarChart::Panel panel;
  panel.y_label = unit.name;
  for (const ComparedPoint& point : points) {
    panel.groups.push_back({point.name, {unit.of(point.a_s), unit.of(point.b_s)}});
  }
  chart.panels.push_back(std::move(panel));
  return chart;
}

}  // namespace

void add_profile_comparison_view(const JsonDocument& document, const ReportInputs&,
                                 std::vector<HtmlSection>& sections) {
  /// More bars than these do not fit on a page; the table has them all.
  constexpr std::size_t kMostBars = 24;
  const JsonNode root = document.root();
  HtmlSection section("Two profiles, B against A", document.file(), "");
  HtmlTable table{"Points",
                  {{"variant"},
                   {"tokens", true},
                   {"tp", true},
                   {"microbatch", true},
                   {"A, s", true},
                   {"B, s", true},
                   {"change", true},
                   {"B is"}},
                  {}};
  std::vector<ComparedPoint> points;
  std::map<std::string, int> verdicts;
  for (const JsonNode& node : root.at("points").elements()) {
    const std::string& variant = node.at("variant").string();
    const int tp = node.at("tp").count();
    const int microbatch = node.at("microbatch").count();
    const double a_s = node.at("a_s").non_negative();
    const double b_s = node.at("b_s").non_negative();
    const std::string& verdict = node.at("verdict").string();
    ++verdicts[verdict];
    points.push_back({fmt::format("{} tp {} mbs {}", variant, tp, microbatch), a_s, b_s});
    table.rows.push_back({{variant},
                          integer_cell(node.at("seq_len").integer(0, 1 << 30)),
                          integer_cell(tp),
                          integer_cell(microbatch),
                          seconds_cell(a_s),
                          seconds_cell(b_s),
                          signed_percent_cell(node.at("change").number()),
                          {verdict}});
  }
  std::vector<std::pair<std::string, std::string>> facts;
  for (const auto& [verdict, count] : verdicts) {
    facts.emplace_back(verdict, fmt::format("{} of {} points", count, points.size()));
  }
  if (!facts.empty()) section.facts(facts);
  if (!points.empty() && points.size() <= kMostBars) {
    section.figure("two-profiles", svg(chart_of(points)));
  }
  if (!points.empty()) section.table(table);
  for (const auto& [member, where] : {std::pair("only_in_a", "A"), {"only_in_b", "B"}}) {
    for (const JsonNode& key : root.at(member).elements()) {
      section.paragraph(fmt::format("Only in {}: {}", where, key.string()));
    }
  }
  sections.push_back(std::move(section));
}

void add_profile_check_view(const JsonDocument& document, const ReportInputs&,
                            std::vector<HtmlSection>& sections) {
  constexpr std::int64_t kMost = 1'000'000'000;
  const JsonNode root = document.root();
  HtmlSection section("Checked profiles", document.file(), "");
  const auto number = [&](std::string_view member) { return root.at(member).integer(0, kMost); };
  section.facts({{"databases", fmt::format("{}", number("profiles"))},
                 {"points", fmt::format("{}", number("points"))},
                 {"errors", fmt::format("{}", number("errors"))},
                 {"warnings", fmt::format("{}", number("warnings"))}});
  if (number("errors") > 0) section.warning("Some figures cannot be.");
  HtmlTable table{"Findings", {{"severity"}, {"place"}, {"finding"}}, {}};
  for (const JsonNode& finding : root.at("findings").elements()) {
    table.rows.push_back({{finding.at("severity").string()},
                          {finding.at("place").string()},
                          {finding.at("finding").string()}});
  }
  if (!table.rows.empty()) section.table(table);
  for (const JsonNode& note : root.at("notes").elements()) section.paragraph(note.string());
  sections.push_back(std::move(section));
}

}  // namespace sextant
