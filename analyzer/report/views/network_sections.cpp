#include "analyzer/report/views/network_sections.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/quantile.h"
#include "analyzer/core/table.h"
#include "analyzer/report/fit_chart.h"
#include "analyzer/report/log_chart.h"
#include "analyzer/report/views/figure_text.h"
#include "analyzer/report/views/measured_sizes.h"

namespace sextant {

namespace {

/// A link or a collective of one world.
struct Curve {
  std::string title;
  CommunicationOp op = CommunicationOp::kSendRecv;
  LinkLevel level = LinkLevel::kInsideNode;
  std::string gpu;
  std::string from_zone;
  std::string to_zone;
  int count = 1;  ///< senders, or ranks of a collective
  const LinkModel* model = nullptr;
  const FitRecord* fit = nullptr;  ///< null: nobody fitted it
  Evidence evidence = Evidence::kEstimated;
};

std::string type_text(const std::string& gpu) {
  return gpu.empty() ? "any GPU" : gpu;
}

std::vector<Curve> curves_of(const NetworkContent& content) {
  std::vector<Curve> curves;
  for (int level = 0; level < kLinkLevels; ++level) {
    for (const LinkClass& link : content.levels[level]) {
      Curve curve{.title = "",
                  .op = link.op,
                  .level = static_cast<LinkLevel>(level),
                  .gpu = link.gpu,
                  .from_zone = link.from_zone,
                  .to_zone = link.to_zone,
                  .count = link.senders,
                  .model = &link.model,
                  .fit = link.fit ? &*link.fit : nullptr,
                  .evidence = link.evidence};
      curve.title =
          fmt::format("{} {}, {}", to_string(link.op), type_text(link.gpu), to_string(curve.level));
      if (!link.from_zone.empty()) {
        curve.title += fmt::format(", {} to {}", link.from_zone, link.to_zone);
      }
      if (link.senders > 1) curve.title += fmt::format(", {} senders", link.senders);
      curves.push_back(std::move(curve));
    }
  }
  for (const CollectiveClass& one : content.collectives) {
    for (const CollectiveClass::World& world : one.worlds) {
      curves.push_back({.title = fmt::format("{} of {} {}, {}", to_string(one.op), world.world_size,
                                             type_text(one.gpu), to_string(one.level)),
                        .op = one.op,
                        .level = one.level,
                        .gpu = one.gpu,
                        .from_zone = "",
                        .to_zone = "",
                        .count = world.world_size,
                        .model = &world.model,
                        .fit = &world.fit,
                        .evidence = one.evidence});
    }
  }
  return curves;
}

/// What the report's measurements say of a curve, by bytes of all senders together.
std::map<double, std::vector<double>> times_of(const Curve& curve,
                                               const std::vector<BandwidthDocument>& measured) {
  std::map<double, std::vector<double>> times;
  for (const BandwidthDocument& document : measured) {
    for (const Sweep& sweep : document.sweeps) {
      const bool collective = is_collective(sweep.op);
      const int count = collective ? sweep.world_size : sweep.senders();
      const bool zones = collective ||
                         (sweep.from_zone == curve.from_zone && sweep.to_zone == curve.to_zone) ||
                         curve.from_zone.empty();
      if (sweep.op != curve.op || sweep.level != curve.level || sweep.gpu != curve.gpu ||
          count != curve.count || !zones || sweep.pattern == SweepPattern::kRing) {
        continue;
      }
      for (const BandwidthPoint& point : sweep.points) {
        if (point.time.median_s > 0 && point.wrong.value_or(0) == 0) {
          times[point.bytes * sweep.senders()].push_back(point.time.median_s);
        }
      }
    }
  }
  return times;
}

/// The sizes for which a curve holds; where it does not say, usual ones.
std::pair<double, double> drawn_sizes(const LinkModel& model) {
  constexpr double kSmallest = 1e3, kLargest = 1e9;
  const double low = model.low_bytes() > 0 ? model.low_bytes() : kSmallest;
  const double high = std::isfinite(model.high_bytes()) ? model.high_bytes() : kLargest;
  return {low, std::max(low, high)};
}

/// Of sizes that are evenly spread over the logarithm; where a quadratic turns negative there is
/// nothing to draw.
template <typename Place>
void trace(const LinkModel& model, std::pair<double, double> sizes, Place place) {
  constexpr int kSteps = 120;
  const double low = std::log(sizes.first), high = std::log(sizes.second);
  for (int i = 0; i <= kSteps; ++i) {
    const double bytes = std::exp(low + (high - low) * i / kSteps);
    const double time_s = model.transfer_s(bytes);
    if (time_s > 0 && std::isfinite(time_s)) place(bytes, time_s);
    if (high <= low) return;
  }
}

FitChart::Panel fit_panel(const Curve& curve, const std::map<double, std::vector<double>>& times) {
  FitChart::Panel panel;
  panel.title = curve.title;
  panel.remark = std::string(curve.model->kind_name());
  if (curve.fit != nullptr) {
    panel.remark += fmt::format(", median residual {}", percent_text(curve.fit->median_residual));
    panel.band = 2 * curve.fit->residual_scale;
  }
  for (const auto& [bytes, of_size] : times) {
    const double time_s = median_of(of_size);
    panel.dots.push_back({bytes, time_s, curve.model->transfer_s(bytes) / time_s - 1});
  }
  trace(*curve.model, {panel.dots.front().x, panel.dots.back().x},
        [&](double bytes, double time_s) {
          panel.curve.push_back({bytes, time_s});
        });
  return panel;
}

/// Time and bandwidth of curves of one level, without points.
LogChart curves_chart(LinkLevel level, const std::vector<const Curve*>& curves) {
  LogChart chart;
  chart.title = fmt::format("What messages take, {}", to_string(level));
  chart.x_label = "message";
  chart.x_unit = "B";
  chart.columns = 2;
  chart.panels = {{"time", "time", "s", {}}, {"bandwidth", "bandwidth", "B/s", {}}};
  Evidence weakest = Evidence::kMeasuredGpu;
  bool everywhere = false;
  for (const Curve* curve : curves) {
    weakest = weaker(weakest, curve->evidence);
    everywhere = everywhere || !std::isfinite(curve->model->high_bytes());
    chart.series.push_back({.name = curve->title, .dots = false});
    auto& times = chart.panels[0].lines.emplace_back();
    auto& bandwidths = chart.panels[1].lines.emplace_back();
    trace(*curve->model, drawn_sizes(*curve->model), [&](double bytes, double time_s) {
      times.push_back({.x = bytes, .y = time_s});
      bandwidths.push_back({.x = bytes, .y = bytes / time_s});
    });
  }
  chart.evidence = to_string(weakest);
  chart.caption = everywhere ? "Curves alone; those that name no valid sizes from 1 kB to 1 GB."
                             : "Curves alone, over the sizes for which they hold.";
  return chart;
}

void add_pictures(const std::vector<Curve>& curves, const ReportInputs& inputs,
                  HtmlSection& section) {
  std::vector<BandwidthDocument> measured;
  for (const auto& document : inputs.documents) {
    if (document->kind() == "bandwidth") {
      measured.push_back(bandwidth_document_from(document->root_of_kind("bandwidth", 1)));
    }
  }
  FitChart fits;
  fits.title = "Measured sizes and fitted curves";
  fits.x_label = "message";
  fits.y_label = "time";
  fits.caption = "Below each: fitted less measured, as a part of measured.";
  Evidence weakest = Evidence::kMeasuredGpu;
  std::map<LinkLevel, std::vector<const Curve*>> alone;
  for (const Curve& curve : curves) {
    const auto times = times_of(curve, measured);
    FitChart::Panel panel;
    if (!times.empty()) panel = fit_panel(curve, times);
    if (panel.curve.empty()) {
      alone[curve.level].push_back(&curve);
      continue;
    }
    fits.panels.push_back(std::move(panel));
    weakest = weaker(weakest, curve.evidence);
  }
  fits.evidence = to_string(weakest);
  if (!fits.panels.empty()) section.figure("fits", svg(fits));
  for (const auto& [level, of_level] : alone) {
    const LogChart chart = curves_chart(level, of_level);
    const auto empty = [](const auto& line) { return line.empty(); };
    const auto& lines = chart.panels.front().lines;
    if (std::all_of(lines.begin(), lines.end(), empty)) continue;
    section.figure(fmt::format("links-{}", to_string(level)), svg(chart));
  }
}

std::string sizes_text(const LinkModel& model) {
  if (!std::isfinite(model.high_bytes())) return "not said";
  return fmt::format("{} to {}", format_bytes(model.low_bytes()), format_bytes(model.high_bytes()));
}

void add_links(const NetworkContent& content, HtmlSection& section) {
  HtmlTable table{"Links",
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
                   {"valid sizes"},
                   {"evidence"},
                   {"source"}},
                  {}};
  for (int level = 0; level < kLinkLevels; ++level) {
    for (const LinkClass& link : content.levels[level]) {
      table.rows.push_back(
          {{std::string(to_string(static_cast<LinkLevel>(level)))},
           {std::string(to_string(link.op))},
           {type_text(link.gpu)},
           {link.from_zone.empty() ? "" : fmt::format("{} to {}", link.from_zone, link.to_zone)},
           {link.interconnect},
           integer_cell(link.senders),
           {std::string(link.model.kind_name())},
           seconds_cell(link.model.latency_s()),
           bandwidth_cell(link.model.peak_bytes_per_s()),
           std::isfinite(link.node_bandwidth_bytes_per_s)
               ? bandwidth_cell(link.node_bandwidth_bytes_per_s)
               : no_cell(),
           {sizes_text(link.model)},
           {std::string(to_string(link.evidence))},
           {link.source}});
    }
  }
  if (!table.rows.empty()) section.table(table);
}

void add_collectives(const NetworkContent& content, HtmlSection& section) {
  HtmlTable worlds{"Collectives",
                   {{"level"},
                    {"operation"},
                    {"GPU type"},
                    {"ranks", true},
                    {"model"},
                    {"latency, s", true},
                    {"bandwidth, B/s", true},
                    {"valid sizes"},
                    {"evidence"}},
                   {}};
  HtmlTable terms{"Collectives of other world sizes, from ring and tree",
                  {{"level"},
                   {"operation"},
                   {"GPU type"},
                   {"fitted to worlds of"},
                   {"launch, s", true},
                   {"a step, s", true},
                   {"bandwidth, B/s", true},
                   {"errors on what was left out"}},
                  {}};
  for (const CollectiveClass& one : content.collectives) {
    for (const CollectiveClass::World& world : one.worlds) {
      worlds.rows.push_back({{std::string(to_string(one.level))},
                             {std::string(to_string(one.op))},
                             {type_text(one.gpu)},
                             integer_cell(world.world_size),
                             {std::string(world.model.kind_name())},
                             seconds_cell(world.model.latency_s()),
                             bandwidth_cell(world.model.peak_bytes_per_s()),
                             {sizes_text(world.model)},
                             {std::string(to_string(one.evidence))}});
    }
    if (!one.terms) continue;
    std::vector<std::string> errors;
    for (const FitRecord::HeldOut& part : one.terms->fit.held_out) {
      errors.push_back(fmt::format("{}: median {}, largest {}", part.what,
                                   percent_text(part.median_error),
                                   percent_text(part.largest_error)));
    }
    terms.rows.push_back({{std::string(to_string(one.level))},
                          {std::string(to_string(one.op))},
                          {type_text(one.gpu)},
                          {fmt::format("{}", fmt::join(one.terms->terms.world_sizes, ", "))},
                          seconds_cell(one.terms->terms.launch_s),
                          seconds_cell(one.terms->terms.step_s),
                          bandwidth_cell(one.terms->terms.bandwidth_bytes_per_s),
                          {fmt::format("{}", fmt::join(errors, "; "))}});
  }
  if (!worlds.rows.empty()) section.table(worlds);
  if (!terms.rows.empty()) section.table(terms);
}

}  // namespace

std::string coefficient_text(const std::string& name, double value) {
  if (name.ends_with("bytes_per_s")) return format_bandwidth(value);
  if (name.ends_with("_s")) return format_seconds(value);
  if (name.ends_with("bytes")) return format_bytes(value);
  return fmt::format("{:.4g}", value);
}

void add_fit_records(const std::vector<std::pair<std::string, const FitRecord*>>& records,
                     HtmlSection& section) {
  HtmlTable fits{"Fits",
                 {{"of"},
                  {"method"},
                  {"sizes", true},
                  {"sweeps", true},
                  {"between sweeps", true},
                  {"median residual", true},
                  {"largest residual", true}},
                 {}};
  HtmlTable coefficients{
      "Coefficients",
      {{"of"}, {"coefficient"}, {"value", true}, {"standard error", true}, {"relative", true}},
      {}};
  HtmlTable candidates{"Models that were tried, by the error on sizes left out",
                       {{"of"}, {"model"}, {"median", true}, {"90th percentile", true}, {"remark"}},
                       {}};
  for (const auto& [title, record] : records) {
    fits.rows.push_back(
        {{title},
         {record->method},
         integer_cell(record->points),
         integer_cell(record->sweeps),
         record->spread_between_sweeps ? percent_cell(*record->spread_between_sweeps) : no_cell(),
         percent_cell(record->median_residual),
         percent_cell(record->largest_residual)});
    for (const FitRecord::Coefficient& one : record->coefficients) {
      std::vector<HtmlTable::Cell> row = {
          {title}, {one.name}, {coefficient_text(one.name, one.value), one.value}};
      if (one.standard_error) {
        row.push_back({coefficient_text(one.name, *one.standard_error), *one.standard_error});
        row.push_back(one.value != 0 ? percent_cell(*one.standard_error / std::abs(one.value))
                                     : no_cell());
      } else {
        row.push_back({"not determined by these points"});
        row.push_back(no_cell());
      }
      coefficients.rows.push_back(std::move(row));
    }
    for (const FitRecord::Candidate& one : record->candidates) {
      candidates.rows.push_back(
          {{title},
           {one.model},
           one.left_out_median ? percent_cell(*one.left_out_median) : no_cell(),
           one.left_out_p90 ? percent_cell(*one.left_out_p90) : no_cell(),
           {one.reason}});
    }
  }
  if (!fits.rows.empty()) section.table(fits);
  if (!coefficients.rows.empty()) section.table(coefficients);
  if (!candidates.rows.empty()) section.table(candidates);
}

void add_network_content(const NetworkContent& content, const ReportInputs& inputs,
                         HtmlSection& section) {
  const std::vector<Curve> curves = curves_of(content);
  add_pictures(curves, inputs, section);
  add_network_tables(content, section);
  std::vector<std::pair<std::string, const FitRecord*>> records;
  for (const Curve& curve : curves) {
    if (curve.fit != nullptr) records.emplace_back(curve.title, curve.fit);
  }
  for (const CollectiveClass& one : content.collectives) {
    if (!one.terms) continue;
    records.emplace_back(fmt::format("{} {}, {}, other worlds", to_string(one.op),
                                     type_text(one.gpu), to_string(one.level)),
                         &one.terms->fit);
  }
  add_fit_records(records, section);
}

void add_network_tables(const NetworkContent& content, HtmlSection& section) {
  add_links(content, section);
  add_collectives(content, section);
}

std::string network_evidence(const NetworkContent& content) {
  const std::vector<Curve> curves = curves_of(content);
  if (curves.empty()) return "";
  Evidence weakest = curves.front().evidence;
  for (const Curve& curve : curves) weakest = weaker(weakest, curve.evidence);
  return std::string(to_string(weakest));
}

}  // namespace sextant
