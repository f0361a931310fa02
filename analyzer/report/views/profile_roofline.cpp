#include "analyzer/report/views/profile_roofline.h"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "analyzer/model/model_document.h"
#include "analyzer/model/operators.h"
#include "analyzer/model/zoo.h"
#include "analyzer/profile/gpu.h"

namespace sextant {

namespace {

ModelDescription model_of(const std::string& name, const ReportInputs& inputs) {
  for (const auto& document : inputs.documents) {
    if (document->kind() != "model") continue;
    ModelDescription model = model_from_json(document->root());
    if (model.name == name) return model;
  }
  return zoo_model(name);
}

std::optional<LayerKind> layer_kind_of(const std::string& name) {
  for (const LayerKind kind :
       {LayerKind::kEmbedding, LayerKind::kBlock, LayerKind::kFinalNorm, LayerKind::kHead}) {
    if (name == to_string(kind)) return kind;
  }
  return std::nullopt;  // "block_2": which blocks those are, the profile does not say
}

LayerOptions options_of(const ProfileKey& key) {
  LayerOptions options;
  options.tp = key.tp;
  options.microbatch = key.microbatch;
  options.seq_len = key.seq_len;
  options.dtype = data_type_from(key.dtype);
  options.recompute = key.recompute;
  options.sequence_parallel = key.sequence_parallel;
  return options;
}

/// Points by series, in the order in which series come up.
class Dots {
 public:
  void add(const std::string& series, const std::string& name, double flops, double moved_bytes,
           double seconds) {
    if (!(flops > 0) || !(moved_bytes > 0) || !(seconds > 0)) return;
    const auto found = std::find(names_.begin(), names_.end(), series);
    const auto at = static_cast<std::size_t>(found - names_.begin());
    if (found == names_.end()) {
      names_.push_back(series);
      points_.emplace_back();
    }
    points_[at].push_back({.x = flops / moved_bytes, .y = flops / seconds, .name = name});
  }

  bool empty() const { return names_.empty(); }

  void put_into(LogChart& chart) {
    LogChart::Panel& panel =
        chart.panels.emplace_back(LogChart::Panel{"", "achieved, one rank", "FLOP/s", {}});
    for (std::size_t s = 0; s < names_.size(); ++s) {
      std::sort(points_[s].begin(), points_[s].end(),
                [](const auto& a, const auto& b) { return a.x < b.x; });
      chart.series.push_back({.name = names_[s], .line = false});
      panel.lines.push_back(std::move(points_[s]));
    }
  }

 private:
  std::vector<std::string> names_;
  std::vector<std::vector<LogChart::Point>> points_;
};

void add_point(const PointDocument& point, const ModelDescription& model, Dots& dots) {
  const LayerOptions options = options_of(point.key);
  const std::string where = fmt::format("tp {}, microbatch {}", options.tp, options.microbatch);
  for (const LayerKindProfile& kind : point.kinds) {
    const std::optional<LayerKind> of = layer_kind_of(kind.kind);
    if (!of) continue;
    const LayerCost cost = layer_cost(model, *of, options);
    dots.add(kind.kind, fmt::format("{} forward, {}", kind.kind, where), cost.forward_flops,
             cost.forward_moved_bytes, kind.forward.median_s);
    dots.add(kind.kind, fmt::format("{} backward, {}", kind.kind, where), cost.backward_flops,
             cost.backward_moved_bytes, kind.backward.median_s);
    for (const OperatorCost& op : layer_operators(model, *of, options)) {
      for (const OperatorProfile& timed : kind.operators) {
        if (timed.name != op.name) continue;
        const std::string series = fmt::format("operators of {}", kind.kind);
        dots.add(series, fmt::format("{} forward, {}", op.name, where), op.forward_flops,
                 op.forward_moved_bytes, timed.forward_s);
        dots.add(series, fmt::format("{} backward, {}", op.name, where), op.backward_flops,
                 op.backward_moved_bytes, timed.backward_s);
      }
    }
  }
}

/// The memory's slope up to the ridge, then the peak.
void add_roof(const GpuSpec& gpu, double peak_flops, LogChart& chart) {
  const double bytes_per_s = gpu.memory_bandwidth_bytes_per_s;
  const double ridge = peak_flops / bytes_per_s;
  double least = ridge, most = ridge;
  for (const auto& line : chart.panels.front().lines) {
    for (const LogChart::Point& point : line) {
      least = std::min(least, point.x);
      most = std::max(most, point.x);
    }
  }
  const double first = least / 2, last = 2 * most;
  chart.series.push_back(
      {.name = fmt::format("data sheet of {}: {}FLOP/s, {}", gpu.name, format_count(peak_flops),
                           format_bandwidth(bytes_per_s)),
       .dots = false});
  chart.panels.front().lines.push_back({{.x = first, .y = first * bytes_per_s},
                                        {.x = ridge, .y = peak_flops},
                                        {.x = last, .y = peak_flops}});
}

}  // namespace

Roofline roofline_of(const ProfilePoints& points, const ReportInputs& inputs) {
  Roofline out;
  const ProfileKey& key = points.front()->key;
  try {
    const ModelDescription model = model_of(key.model, inputs);
    Dots dots;
    for (const PointDocument* point : points) add_point(*point, model, dots);
    if (dots.empty()) {
      out.missing = "No roofline: no layer of a known kind was timed.";
      return out;
    }
    dots.put_into(out.chart);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInternal) throw;
    out.missing = fmt::format("No roofline: {}.", error.message());
    return out;
  }
  LogChart& chart = out.chart;
  chart.title = fmt::format("Roofline of {} on {}, {}", key.model, key.gpu, key.variant);
  chart.x_label = "arithmetic intensity, FLOPs per byte of device memory";
  chart.evidence = to_string(evidence_of(points));
  chart.caption = "FLOPs and bytes are counted from the model, times are those of the profile.";
  if (points.front()->collectives_are_timed &&
      std::any_of(points.begin(), points.end(),
                  [](const auto* point) { return point->key.tp > 1; })) {
    chart.caption += " Collectives are in the times of layers.";
  }
  const std::optional<GpuSpec> gpu = find_gpu(key.gpu);
  const DataType dtype = data_type_from(key.dtype);
  if (gpu && gpu->peak_flops.count(dtype) > 0) {
    add_roof(*gpu, gpu->peak_flops.at(dtype), chart);
  } else {
    chart.caption +=
        fmt::format(" No roof: there is no data sheet of {} in {}.", key.gpu, key.dtype);
  }
  return out;
}

}  // namespace sextant
