#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "analyzer/core/table.h"
#include "analyzer/report/fit_chart.h"
#include "analyzer/report/log_chart.h"
#include "analyzer/report/views/figure_text.h"
#include "analyzer/report/views/network_sections.h"
#include "analyzer/report/views/report_views.h"

namespace sextant {

namespace {

std::string text_of(const JsonNode& node, std::string_view member) {
  const auto found = node.find(member);
  return found ? found->string() : "";
}

/// Latency among the coefficients of a model as `links` lists them; nothing of a quadratic.
std::optional<double> latency_of(const std::string& model,
                                 const std::vector<double>& coefficients) {
  const std::size_t at = model == "segments" ? 1 : 0;  // from_bytes, start_s, bytes_per_s, …
  if (model == "quadratic_log2_mb" || at >= coefficients.size()) return std::nullopt;
  return coefficients[at];
}

}  // namespace

void add_network_view(const JsonDocument& document, const ReportInputs& inputs,
                      std::vector<HtmlSection>& sections) {
  const NetworkContent content = network_content_from(document.root());
  HtmlSection section("Network: " + content.name, document.file(), network_evidence(content));
  if (!content.source.empty()) section.paragraph(content.source);
  add_network_content(content, inputs, section);
  sections.push_back(std::move(section));
}

void add_network_fit_view(const JsonDocument& document, const ReportInputs& inputs,
                          std::vector<HtmlSection>& sections) {
  const JsonNode root = document.root();
  FitChart chart;
  chart.title = "Measured sizes and fitted curves";
  chart.x_label = "message";
  chart.y_label = "time";
  chart.caption = "Below each: fitted less measured, as a part of measured.";
  Evidence weakest = Evidence::kMeasuredGpu;
  std::vector<FitRecord> fits;
  std::vector<std::string> titles;
  for (const JsonNode& node : root.at("fits").elements()) {
    weakest = weaker(weakest, read_evidence(node.at("evidence")));
    fits.push_back(read_fit_record(node.at("fit"), has_newer_minor(root)));
    titles.push_back(node.at("title").string());
    FitChart::Panel panel{titles.back(),
                          fmt::format("{}, median residual {}", node.at("model").string(),
                                      percent_text(fits.back().median_residual)),
                          {},
                          {},
                          2 * fits.back().residual_scale};
    for (const JsonNode& point : node.at("points").elements()) {
      const double bytes = point.at("bytes").positive();
      const double time_s = point.at("time_s").positive();
      const double fitted_s = point.at("fitted_s").number();
      panel.dots.push_back({bytes, time_s, fitted_s / time_s - 1});
      // A quadratic's may be negative; there is nothing to draw there.
      if (fitted_s > 0) panel.curve.push_back({bytes, fitted_s});
    }
    if (!panel.curve.empty()) chart.panels.push_back(std::move(panel));
  }
  chart.evidence = to_string(weakest);
  const NetworkContent content = network_content_from(root.at("network"));
  HtmlSection section("Fitted network: " + content.name, document.file(),
                      fits.empty() ? network_evidence(content) : std::string(to_string(weakest)));
  for (const JsonNode& problem : root.at("problems").elements()) section.warning(problem.string());
  if (!chart.panels.empty()) section.figure("fits", svg(chart));
  std::vector<std::pair<std::string, const FitRecord*>> records;
  for (std::size_t i = 0; i < fits.size(); ++i) records.emplace_back(titles[i], &fits[i]);
  if (fits.empty()) {
    add_network_content(content, inputs, section);
  } else {
    add_network_tables(content, section);
    add_fit_records(records, section);
  }
  sections.push_back(std::move(section));
}

void add_links_view(const JsonDocument& document, const ReportInputs&,
                    std::vector<HtmlSection>& sections) {
  const JsonNode root = document.root();
  HtmlTable links{"Links",
                  {{"level"},
                   {"operation"},
                   {"GPU type"},
                   {"zones"},
                   {"interconnect"},
                   {"senders", true},
                   {"model"},
                   {"latency, s", true},
                   {"bandwidth, B/s", true},
                   {"a machine's limit, B/s", true},
                   {"evidence"},
                   {"source"}},
                  {}};
  std::optional<Evidence> weakest;
  const auto meet = [&](const JsonNode& node) {
    const Evidence evidence = read_evidence(node);
    weakest = weakest ? weaker(*weakest, evidence) : evidence;
    return std::string(to_string(evidence));
  };
  for (const JsonNode& link : root.at("links").elements()) {
    const std::string& model = link.at("model").string();
    const auto latency_s = latency_of(model, link.at("coefficients").numbers());
    const auto limit = link.find("node_bandwidth_bytes_per_s");
    const std::string from = text_of(link, "from_zone");
    const std::string op = text_of(link, "op");
    const std::string gpu = text_of(link, "gpu");
    links.rows.push_back(
        {{link.at("level").string()},
         {op.empty() ? "send_recv" : op},
         {gpu.empty() ? "any GPU" : gpu},
         {from.empty() ? "" : fmt::format("{} to {}", from, text_of(link, "to_zone"))},
         {text_of(link, "interconnect")},
         integer_cell(link.at("senders").count()),
         {model},
         latency_s ? seconds_cell(*latency_s) : no_cell(),
         bandwidth_cell(link.at("peak_bytes_per_s").positive()),
         limit ? bandwidth_cell(limit->positive()) : no_cell(),
         {meet(link.at("evidence"))},
         {link.at("source").string()}});
  }
  HtmlTable collectives{"Collectives",
                        {{"level"},
                         {"operation"},
                         {"GPU type"},
                         {"ranks", true},
                         {"model"},
                         {"latency, s", true},
                         {"bandwidth, B/s", true},
                         {"other world sizes"},
                         {"evidence"}},
                        {}};
  for (const JsonNode& one : root.at("collectives").elements()) {
    const std::string gpu = text_of(one, "gpu");
    for (const JsonNode& world : one.at("worlds").elements()) {
      const std::string& model = world.at("model").string();
      const auto latency_s = latency_of(model, world.at("coefficients").numbers());
      collectives.rows.push_back(
          {{one.at("level").string()},
           {one.at("op").string()},
           {gpu.empty() ? "any GPU" : gpu},
           integer_cell(world.at("world_size").count()),
           {model},
           latency_s ? seconds_cell(*latency_s) : no_cell(),
           bandwidth_cell(world.at("peak_bytes_per_s").positive()),
           {one.at("composes_other_worlds").boolean() ? "from ring and tree" : "unknown"},
           {meet(one.at("evidence"))}});
    }
  }
  HtmlSection section("Links", document.file(), weakest ? std::string(to_string(*weakest)) : "");
  section.paragraph(root.at("network").string());
  if (!links.rows.empty()) section.table(links);
  if (!collectives.rows.empty()) section.table(collectives);
  sections.push_back(std::move(section));
}

void add_predictions_view(const JsonDocument& document, const ReportInputs&,
                          std::vector<HtmlSection>& sections) {
  struct Transfer {
    double bytes = 0;
    double time_s = 0;
    bool extrapolated = false;
  };
  std::vector<Transfer> predictions;
  HtmlTable table{"Transfer times",
                  {{"message, B", true}, {"time, s", true}, {"bandwidth, B/s", true}, {"remark"}},
                  {}};
  for (const JsonNode& node : document.root().at("predictions").elements()) {
    const Transfer one{node.at("bytes").positive(), node.at("time_s").positive(),
                       node.at("extrapolated").boolean()};
    predictions.push_back(one);
    table.rows.push_back({bytes_cell(one.bytes),
                          seconds_cell(one.time_s),
                          bandwidth_cell(one.bytes / one.time_s),
                          {one.extrapolated ? "outside the sizes that were measured" : ""}});
  }
  HtmlSection section("Predicted transfer times", document.file(), "");
  if (predictions.size() > 1) {
    std::sort(predictions.begin(), predictions.end(),
              [](const auto& a, const auto& b) { return a.bytes < b.bytes; });
    LogChart chart;
    chart.title = "Predicted transfer times";
    chart.x_label = "message";
    chart.x_unit = "B";
    // The document names neither its link nor what that rests on.
    chart.evidence = "that of the link";
    chart.series = {{.name = "within the measured sizes"}, {.name = "outside", .line = false}};
    chart.columns = 2;
    chart.panels = {{"time", "time", "s", {{}, {}}}, {"bandwidth", "bandwidth", "B/s", {{}, {}}}};
    for (const Transfer& one : predictions) {
      const std::size_t series = one.extrapolated ? 1 : 0;
      chart.panels[0].lines[series].push_back({.x = one.bytes, .y = one.time_s});
      chart.panels[1].lines[series].push_back({.x = one.bytes, .y = one.bytes / one.time_s});
    }
    section.figure("transfer-times", svg(chart));
  }
  if (!table.rows.empty()) section.table(table);
  sections.push_back(std::move(section));
}

}  // namespace sextant
