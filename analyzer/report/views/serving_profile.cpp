#include <algorithm>
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

double milliseconds(const JsonNode& point) {
  return 1e3 * point.at("time").at("median_s").non_negative();
}

std::vector<JsonNode> kinds_of(const JsonNode& profile) {
  const auto kinds = profile.find("layer_kinds");
  return kinds ? kinds->elements() : std::vector<JsonNode>();
}

/// Time of a prompt by its tokens, a line each layer kind; nothing where nobody measured one.
std::optional<LineChart> prefill_chart(const JsonNode& profile, const std::string& evidence) {
  LineChart chart;
  chart.title = "Prefill of one layer";
  chart.x_label = "tokens of the prompt";
  chart.evidence = evidence;
  LineChart::Panel panel{"", "ms", {}};
  bool any = false;
  for (const JsonNode& kind : kinds_of(profile)) {
    chart.series.push_back(kind.at("kind").string());
    std::vector<LineChart::Point> line;
    for (const JsonNode& point : kind.at("prefill").elements()) {
      line.push_back({static_cast<double>(point.at("tokens").count()), milliseconds(point)});
    }
    any = any || !line.empty();
    panel.lines.push_back(std::move(line));
  }
  if (!any) return std::nullopt;
  chart.panels.push_back(std::move(panel));
  return chart;
}

/// Time of a decode step by its batch, a line each context, a panel each layer kind.
std::optional<LineChart> decode_chart(const JsonNode& profile, const std::string& evidence) {
  LineChart chart;
  chart.title = "A decode step of one layer";
  chart.x_label = "sequences of the batch";
  chart.evidence = evidence;
  chart.columns = 2;
  std::set<int> contexts;
  for (const JsonNode& kind : kinds_of(profile)) {
    for (const JsonNode& point : kind.at("decode").elements()) {
      contexts.insert(point.at("context").count());
    }
  }
  if (contexts.empty()) return std::nullopt;
  for (const int context : contexts) chart.series.push_back(fmt::format("context {}", context));
  for (const JsonNode& kind : kinds_of(profile)) {
    LineChart::Panel panel{kind.at("kind").string(), kind.at("kind").string() + ", ms", {}};
    std::map<int, std::vector<LineChart::Point>> lines;
    for (const JsonNode& point : kind.at("decode").elements()) {
      lines[point.at("context").count()].push_back(
          {static_cast<double>(point.at("batch").count()), milliseconds(point)});
    }
    for (const int context : contexts) panel.lines.push_back(lines[context]);
    if (!lines.empty()) chart.panels.push_back(std::move(panel));
  }
  return chart;
}

HtmlTable memory_table(const JsonNode& profile) {
  HtmlTable table{"memory of one layer on one rank",
                  {{"layer kind"},
                   {"weights, MiB", true},
                   {"KV cache, B/token", true},
                   {"workspace of prefill, MiB", true},
                   {"workspace of decode, MiB", true}},
                  {}};
  const auto mib = [](const JsonNode& bytes) { return number_cell(bytes.non_negative() / 0x1p20); };
  for (const JsonNode& kind : kinds_of(profile)) {
    table.rows.push_back({{kind.at("kind").string()},
                          mib(kind.at("weight_bytes")),
                          count_cell(kind.at("kv_bytes_per_token").non_negative()),
                          mib(kind.at("prefill_workspace_bytes")),
                          mib(kind.at("decode_workspace_bytes"))});
  }
  return table;
}

HtmlTable time_table(const JsonNode& profile) {
  HtmlTable table{"times of one layer",
                  {{"layer kind"},
                   {"phase"},
                   {"sequences", true},
                   {"tokens or context", true},
                   {"median, ms", true},
                   {"p10, ms", true},
                   {"p90, ms", true}},
                  {}};
  const auto add = [&](const JsonNode& kind, const char* phase, double batch, int tokens,
                       const JsonNode& point) {
    const auto part = [&](const char* member) {
      const auto value = point.at("time").find(member);
      return number_cell(value ? std::optional(1e3 * value->non_negative()) : std::nullopt);
    };
    table.rows.push_back({{kind.at("kind").string()},
                          {phase},
                          count_cell(batch),
                          count_cell(tokens),
                          number_cell(milliseconds(point)),
                          part("p10_s"),
                          part("p90_s")});
  };
  for (const JsonNode& kind : kinds_of(profile)) {
    for (const JsonNode& point : kind.at("prefill").elements()) {
      add(kind, "prefill", 1, point.at("tokens").count(), point);
    }
    for (const JsonNode& point : kind.at("decode").elements()) {
      add(kind, "decode", point.at("batch").count(), point.at("context").count(), point);
    }
  }
  return table;
}

HtmlTable failure_table(const JsonNode& failures) {
  HtmlTable table{"points without times",
                  {{"phase"}, {"sequences", true}, {"context", true}, {"status"}, {"reason"}},
                  {}};
  for (const JsonNode& failure : failures.elements()) {
    table.rows.push_back({{failure.at("phase").string()},
                          count_cell(failure.at("batch").count()),
                          count_cell(failure.at("context").count()),
                          {failure.at("status").string()},
                          {failure.at("reason").string()}});
  }
  return table;
}

void add_profile(const JsonNode& profile, const std::string& file,
                 std::vector<HtmlSection>& sections) {
  const JsonNode key = profile.at("key");
  const std::string evidence(to_string(read_evidence(profile.at("evidence"))));
  HtmlSection section(
      fmt::format("Serving profile: {} on {}, tp {}, {}", key.at("model").string(),
                  key.at("gpu").string(), key.at("tp").count(), key.at("variant").string()),
      file, evidence);
  if (const std::string status = profile.at("status").string(); status != "ok") {
    const auto reason = profile.find("reason");
    section.warning(fmt::format("{}: {}", status, reason ? reason->string() : "no times"));
  }
  if (const auto limits = profile.find("limits")) {
    const auto most = [&](const char* member) {
      return format_count(limits->at(member).non_negative());
    };
    section.facts({{"longest prompt", most("prefill_tokens") + " tokens"},
                   {"largest decode batch", most("decode_batch") + " sequences"},
                   {"longest context", most("decode_context") + " tokens"}});
  }
  if (const auto chart = prefill_chart(profile, evidence)) section.figure("prefill", svg(*chart));
  if (const auto chart = decode_chart(profile, evidence)) section.figure("decode", svg(*chart));
  if (!kinds_of(profile).empty()) {
    section.table(time_table(profile));
    section.table(memory_table(profile));
  }
  const JsonNode failures = profile.at("failures");
  if (failures.size() > 0) section.table(failure_table(failures));
  sections.push_back(std::move(section));
}

}  // namespace

void add_serving_profile_view(const JsonDocument& document, const ReportInputs&,
                              std::vector<HtmlSection>& sections) {
  add_profile(document.root(), document.file(), sections);
}

void add_serving_db_view(const JsonDocument& document, const ReportInputs&,
                         std::vector<HtmlSection>& sections) {
  for (const JsonNode& profile : document.root().at("profiles").elements()) {
    add_profile(profile, document.file(), sections);
  }
}

}  // namespace sextant
