#include "analyzer/report/views/profile_tables.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "analyzer/report/views/figure_text.h"

namespace sextant {

namespace {

using Row = std::vector<HtmlTable::Cell>;

/// How many layers of each kind there are.
std::vector<int> layer_counts(const PointDocument& point) {
  std::vector<int> counts(point.kinds.size(), 0);
  for (const LayerRun& run : point.sequence) {
    counts[static_cast<std::size_t>(run.kind)] += run.count;
  }
  return counts;
}

std::string point_name(const PointDocument& point) {
  return fmt::format("tp {}, microbatch {}", point.key.tp, point.key.microbatch);
}

/// Descending by the figure in `column`.
void sort_by(HtmlTable& table, std::size_t column) {
  std::stable_sort(table.rows.begin(), table.rows.end(), [&](const Row& a, const Row& b) {
    return a[column].value.value_or(0) > b[column].value.value_or(0);
  });
}

/// Fills `column` with the share of each row's figure in `of` in their sum.
void put_shares(HtmlTable& table, std::size_t of, std::size_t column) {
  double sum = 0;
  for (const Row& row : table.rows) sum += row[of].value.value_or(0);
  for (Row& row : table.rows) {
    row[column] = sum > 0 ? percent_cell(row[of].value.value_or(0) / sum) : no_cell();
  }
}

struct Phase {
  std::string_view name;
  TimeSummary LayerKindProfile::*time;
};
constexpr std::array<Phase, 3> kPhases = {{{"forward", &LayerKindProfile::forward},
                                           {"backward", &LayerKindProfile::backward},
                                           {"update", &LayerKindProfile::update}}};

/// From where on a relative standard deviation is named: what a plan's ranking does not survive.
constexpr double kNoisy = 0.1;

}  // namespace

void add_layer_kinds(const PointDocument& point, HtmlSection& section) {
  HtmlTable table{"Layer kinds",
                  {{"kind"},
                   {"layers", true},
                   {"forward, s", true},
                   {"backward, s", true},
                   {"update, s", true},
                   {"parameters, B", true},
                   {"output, B", true},
                   {"kept for backward, B", true},
                   {"workspace, B", true},
                   {"gradients, B", true},
                   {"optimizer state, B", true},
                   {"peak alone, B", true}},
                  {}};
  const std::vector<int> counts = layer_counts(point);
  for (std::size_t k = 0; k < point.kinds.size(); ++k) {
    const LayerKindProfile& kind = point.kinds[k];
    Row row = {{kind.kind},
               integer_cell(counts[k]),
               seconds_cell(kind.forward.median_s),
               seconds_cell(kind.backward.median_s),
               seconds_cell(kind.update.median_s),
               memory_cell(kind.parameter_bytes),
               memory_cell(kind.output_bytes),
               memory_cell(kind.saved_activation_bytes),
               memory_cell(kind.workspace_bytes)};
    if (kind.training_memory) {
      row.push_back(memory_cell(kind.training_memory->gradient_bytes));
      row.push_back(memory_cell(kind.training_memory->optimizer_state_bytes));
      row.push_back(memory_cell(kind.training_memory->alone_peak_bytes));
    } else {
      row.insert(row.end(), 3, no_cell());
    }
    table.rows.push_back(std::move(row));
  }
  if (!table.rows.empty()) section.table(table);
}

void add_operators(const PointDocument& point, HtmlSection& section) {
  HtmlTable table{"Operators, " + point_name(point),
                  {{"operator"},
                   {"kind"},
                   {"layers", true},
                   {"forward, s", true},
                   {"backward, s", true},
                   {"in all layers, s", true},
                   {"share", true},
                   {"output, B", true},
                   {"kept for backward, B", true}},
                  {}};
  const std::vector<int> counts = layer_counts(point);
  for (std::size_t k = 0; k < point.kinds.size(); ++k) {
    for (const OperatorProfile& op : point.kinds[k].operators) {
      table.rows.push_back({{op.name},
                            {point.kinds[k].kind},
                            integer_cell(counts[k]),
                            seconds_cell(op.forward_s),
                            seconds_cell(op.backward_s),
                            seconds_cell(counts[k] * (op.forward_s + op.backward_s)),
                            {},
                            memory_cell(op.output_bytes),
                            memory_cell(op.saved_bytes)});
    }
  }
  if (table.rows.empty()) return;
  put_shares(table, 5, 6);
  sort_by(table, 5);
  section.table(table);
}

void add_kernels(const PointDocument& point, HtmlSection& section) {
  HtmlTable kernels{"GPU kernels, " + point_name(point),
                    {{"kernel"},
                     {"kind"},
                     {"phase"},
                     {"calls in a layer", true},
                     {"of a layer, s", true},
                     {"in all layers, s", true},
                     {"share", true}},
                    {}};
  HtmlTable busy{"How busy the GPU was, " + point_name(point),
                 {{"kind"},
                  {"phase"},
                  {"a kernel ran, s", true},
                  {"none ran, s", true},
                  {"busy", true},
                  {"of the roofline", true}},
                 {}};
  const std::vector<int> counts = layer_counts(point);
  for (std::size_t k = 0; k < point.kinds.size(); ++k) {
    const LayerKindProfile& kind = point.kinds[k];
    for (const KernelProfile& kernel : kind.kernels) {
      kernels.rows.push_back({{kernel.name},
                              {kind.kind},
                              {kernel.phase},
                              integer_cell(kernel.calls),
                              seconds_cell(kernel.total_s),
                              seconds_cell(counts[k] * kernel.total_s),
                              {}});
    }
    for (const KernelSummary& summary : kind.kernel_summaries) {
      const double whole_s = summary.busy_s + summary.gap_s;
      busy.rows.push_back(
          {{kind.kind},
           {summary.phase},
           seconds_cell(summary.busy_s),
           seconds_cell(summary.gap_s),
           whole_s > 0 ? percent_cell(summary.busy_s / whole_s) : no_cell(),
           summary.roofline_fraction > 0 ? percent_cell(summary.roofline_fraction) : no_cell()});
    }
  }
  if (!busy.rows.empty()) section.table(busy);
  if (kernels.rows.empty()) return;
  put_shares(kernels, 5, 6);
  sort_by(kernels, 5);
  section.table(kernels);
}

void add_noise(const ProfilePoints& points, HtmlSection& section) {
  HtmlTable table{"Noise of times",
                  {{"tp", true},
                   {"microbatch", true},
                   {"kind"},
                   {"phase"},
                   {"median, s", true},
                   {"10th percentile, s", true},
                   {"90th percentile, s", true},
                   {"samples", true},
                   {"standard deviation / mean", true},
                   {"remark"}},
                  {}};
  const auto add = [&](const PointDocument& point, const std::string& kind, std::string_view phase,
                       const TimeSummary& time, const std::string& remark) {
    if (time.samples == 0) return;
    table.rows.push_back({integer_cell(point.key.tp),
                          integer_cell(point.key.microbatch),
                          {kind},
                          {std::string(phase)},
                          seconds_cell(time.median_s),
                          seconds_cell(time.p10_s),
                          seconds_cell(time.p90_s),
                          integer_cell(time.samples),
                          percent_cell(time.rel_stdev),
                          {remark}});
  };
  std::size_t noisy = 0;
  for (const PointDocument* point : points) {
    for (const LayerKindProfile& kind : point->kinds) {
      for (const Phase& phase : kPhases) {
        const TimeSummary& time = kind.*phase.time;
        const bool odd = time.samples > 0 && time.rel_stdev > kNoisy;
        noisy += odd ? 1 : 0;
        add(*point, kind.kind, phase.name, time, odd ? "noisy: above 10 %" : "");
      }
    }
    if (!point->cross_check) continue;
    const bool missed =
        point->stopping && point->cross_check->iteration.rel_stdev > point->stopping->max_rel_stdev;
    add(*point, "all", "iteration", point->cross_check->iteration,
        missed ? fmt::format("above the {} that were asked for",
                             percent_text(point->stopping->max_rel_stdev))
               : "");
  }
  if (table.rows.empty()) return;
  if (noisy > 0) {
    section.warning(
        fmt::format("{} of {} times vary by more than 10 % (standard deviation over "
                    "mean).",
                    noisy, table.rows.size()));
  }
  sort_by(table, 8);
  section.table(table);
}

}  // namespace sextant
