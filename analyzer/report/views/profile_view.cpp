#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/table.h"
#include "analyzer/profile/profile_check.h"
#include "analyzer/report/bar_chart.h"
#include "analyzer/report/stack_chart.h"
#include "analyzer/report/views/figure_text.h"
#include "analyzer/report/views/profile_roofline.h"
#include "analyzer/report/views/profile_tables.h"
#include "analyzer/report/views/provenance_facts.h"
#include "analyzer/report/views/report_views.h"

namespace sextant {

namespace {

Facts key_facts(const PointDocument& point) {
  const ProfileKey& key = point.key;
  Facts facts = {{"model", key.model},
                 {"GPU type", key.gpu},
                 {"variant", key.variant},
                 {"tensor degree", fmt::format("{}", key.tp)},
                 {"microbatch", fmt::format("{}", key.microbatch)}};
  if (key.seq_len > 0) facts.emplace_back("tokens a sequence", fmt::format("{}", key.seq_len));
  facts.emplace_back("status", to_string(point.status));
  return facts;
}

/// How the figures came to be, which decides what they are good for.
Facts basis_facts(const PointDocument& point) {
  Facts facts;
  if (point.status == PointStatus::kOk) {
    facts.emplace_back("forward and backward of all layers", format_seconds(point.total_s()));
    facts.emplace_back("collectives among tensor ranks",
                       point.collectives_are_timed ? "in the times" : "recorded, to be priced");
    facts.emplace_back("update is of", point.update_is_whole_step ? "the whole model" : "a layer");
    facts.emplace_back("bytes", point.memory_basis);
  }
  if (point.cross_check) {
    facts.emplace_back("sum of layers against an iteration",
                       signed_percent_text(point.cross_check->relative_difference()));
  }
  if (point.process_memory) {
    facts.emplace_back("context", memory_text(point.process_memory->context_bytes));
    facts.emplace_back("collective buffers",
                       memory_text(point.process_memory->collective_buffer_bytes));
    facts.emplace_back("peak reserved", memory_text(point.process_memory->peak_reserved_bytes));
    facts.emplace_back("peak allocated", memory_text(point.process_memory->peak_allocated_bytes));
  }
  if (point.conditions) {
    const DeviceConditions& device = *point.conditions;
    facts.emplace_back("SM clock", fmt::format("{:.0f} to {:.0f} MHz", device.sm_clock_mhz_min,
                                               device.sm_clock_mhz_max));
    facts.emplace_back("at most", fmt::format("{:.0f} °C, {:.0f} W", device.temperature_c_max,
                                              device.power_w_max));
  }
  return facts;
}

void add_warnings(const PointDocument& point, HtmlSection& section) {
  if (point.stopping && !point.stopping->unmet.empty()) {
    section.warning("Sampling ended without what was asked for: " + point.stopping->unmet);
  }
  if (point.conditions && point.conditions->tainted_samples > 0) {
    section.warning(fmt::format("{} samples were taken while the clock was throttled: {}",
                                point.conditions->tainted_samples,
                                fmt::join(point.conditions->throttle_reasons, ", ")));
  }
  for (const Finding& finding : check_point(point)) {
    section.warning(fmt::format("{}: {}", finding.place, finding.text));
  }
}

BarChart times_chart(const PointDocument& point) {
  double largest = 0;
  for (const LayerKindProfile& kind : point.kinds) {
    largest =
        std::max({largest, kind.forward.median_s, kind.backward.median_s, kind.update.median_s});
  }
  const PlotUnit unit = time_unit(largest);
  BarChart chart;
  chart.title = "Time of a layer";
  chart.evidence = to_string(point.evidence);
  chart.caption = point.key.text() + "; medians of one microbatch on one rank.";
  chart.series = {"forward", "backward", "update"};
  BarChart::Panel panel;
  panel.y_label = unit.name;
  for (const LayerKindProfile& kind : point.kinds) {
    panel.groups.push_back({kind.kind,
                            {unit.of(kind.forward.median_s), unit.of(kind.backward.median_s),
                             unit.of(kind.update.median_s)}});
  }
  chart.panels.push_back(std::move(panel));
  return chart;
}

StackChart memory_chart_of(const PointDocument& point) {
  const auto parts_of = [](const LayerKindProfile& kind) {
    std::vector<double> parts = {kind.parameter_bytes, 0, 0, kind.saved_activation_bytes,
                                 kind.workspace_bytes};
    if (kind.training_memory) {
      parts[1] = kind.training_memory->gradient_bytes;
      parts[2] = kind.training_memory->optimizer_state_bytes;
    }
    return parts;
  };
  double largest = 0;
  for (const LayerKindProfile& kind : point.kinds) {
    for (const double part : parts_of(kind)) largest = std::max(largest, part);
  }
  const PlotUnit unit = memory_unit(largest);
  StackChart chart;
  chart.title = "Memory of a layer";
  chart.x_label = fmt::format("on one rank, {}", unit.name);
  chart.evidence = to_string(point.evidence);
  chart.caption = fmt::format("{}; bytes: {}.", point.key.text(), point.memory_basis);
  chart.parts = {"parameters", "gradients", "optimizer state", "kept for backward", "workspace"};
  for (const LayerKindProfile& kind : point.kinds) {
    std::vector<double> parts = parts_of(kind);
    for (double& part : parts) part = unit.of(part);
    chart.rows.push_back({kind.kind, std::move(parts)});
  }
  return chart;
}

}  // namespace

void add_profile_view(const JsonDocument& document, const ReportInputs& inputs,
                      std::vector<HtmlSection>& sections) {
  const PointDocument point = read_point_document(document);
  HtmlSection section("Profile: " + point.key.text(), document.file(),
                      std::string(to_string(point.evidence)));
  section.facts(key_facts(point));
  if (point.status != PointStatus::kOk) {
    section.warning(fmt::format("{}: {}", to_string(point.status), point.reason));
    if (point.largest_microbatch) {
      section.paragraph(
          fmt::format("The largest microbatch that fits is {}.", *point.largest_microbatch));
    }
  } else {
    add_warnings(point, section);
    section.facts(basis_facts(point));
    section.figure("time-of-a-layer", svg(times_chart(point)));
    section.figure("memory-of-a-layer", svg(memory_chart_of(point)));
    add_layer_kinds(point, section);
    const Roofline roofline = roofline_of({&point}, inputs);
    if (roofline.missing.empty()) {
      section.figure("roofline", svg(roofline.chart));
    } else {
      section.paragraph(roofline.missing);
    }
    add_operators(point, section);
    add_kernels(point, section);
    add_noise({&point}, section);
  }
  if (!point.provenance.empty()) section.facts(provenance_facts(point.provenance));
  sections.push_back(std::move(section));
}

}  // namespace sextant
