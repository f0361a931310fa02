#include "analyzer/profile/export/export_input.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"

namespace sextant {

LayerRole role_of(const LayerKindProfile& kind) {
  if (kind.kind.starts_with("embedding")) return LayerRole::kEmbedding;
  if (kind.kind.starts_with("final_norm")) return LayerRole::kFinalNorm;
  if (kind.kind.starts_with("head")) return LayerRole::kHead;
  return LayerRole::kBlock;
}

std::vector<const LayerKindProfile*> layers_of(const PointDocument& point) {
  std::vector<const LayerKindProfile*> out;
  for (const LayerRun& run : point.sequence) {
    out.insert(out.end(), static_cast<std::size_t>(run.count),
               &point.kinds[static_cast<std::size_t>(run.kind)]);
  }
  return out;
}

ExportInput::ExportInput(std::vector<PointDocument> points, ExportOptions options)
    : points_(std::move(points)), options_(options) {
  if (points_.empty()) throw Error(ErrorCode::kInternal, "an export of no points");
  std::set<std::pair<int, int>> places;
  for (const PointDocument& point : points_) {
    if (!places.emplace(point.key.tp, point.key.microbatch).second) {
      throw_bad_input(
          fmt::format("{}: two points of one tensor degree and microbatch", point.key.text()));
    }
    if (point.layer_count() != points_.front().layer_count()) {
      throw_bad_input(fmt::format("{}: expected {} layers, as at tp {}, microbatch {}, found {}",
                                  point.key.text(), points_.front().layer_count(),
                                  points_.front().key.tp, points_.front().key.microbatch,
                                  point.layer_count()));
    }
  }
}

int ExportInput::gpus_per_node() const {
  constexpr int kPublished = 4;
  return options_.gpus_per_node.value_or(std::max(kPublished, degrees().back()));
}

const PointDocument* ExportInput::find(int tp, int microbatch) const {
  const auto found = std::find_if(points_.begin(), points_.end(), [&](const PointDocument& point) {
    return point.key.tp == tp && point.key.microbatch == microbatch;
  });
  return found == points_.end() ? nullptr : &*found;
}

std::vector<int> ExportInput::degrees() const {
  std::set<int> out;
  for (const PointDocument& point : points_) out.insert(point.key.tp);
  return {out.begin(), out.end()};
}

std::vector<int> ExportInput::microbatches() const {
  std::set<int> out;
  for (const PointDocument& point : points_) out.insert(point.key.microbatch);
  return {out.begin(), out.end()};
}

Evidence ExportInput::evidence() const {
  Evidence out = Evidence::kMeasuredGpu;
  for (const PointDocument& point : points_) out = weaker(out, point.evidence);
  return out;
}

void MissingParts::need_point(int tp, int microbatch) {
  parts_["a point"].push_back({tp, microbatch});
}

void MissingParts::need_member(const PointDocument& point, const std::string& kind,
                               const std::string& member) {
  parts_[fmt::format("{} of layer kind {}", member, quote(kind))].push_back(
      {point.key.tp, point.key.microbatch});
}

void MissingParts::need_training_memory(const PointDocument& point) {
  for (const LayerKindProfile& kind : point.kinds) {
    if (!kind.training_memory) need_member(point, kind.kind, "training_memory");
  }
}

void MissingParts::throw_if_any(const std::string& format, const std::string& options) const {
  if (parts_.empty()) return;
  std::string text;
  std::set<int> degrees;
  std::set<int> microbatches;
  for (const auto& [what, places] : parts_) {
    std::map<int, std::vector<int>> by_degree;
    for (const auto& [tp, microbatch] : places) {
      by_degree[tp].push_back(microbatch);
      degrees.insert(tp);
      microbatches.insert(microbatch);
    }
    text += fmt::format("\n  {}:", what);
    for (const auto& [tp, of_degree] : by_degree) {
      text += fmt::format("{} tp {} at microbatch {}", tp == by_degree.begin()->first ? "" : ";",
                          tp, fmt::join(of_degree, ", "));
    }
  }
  throw_bad_input(fmt::format(
      "{}: the format holds what the profile of {} on {} ({}) lacks:{}\nmeasure it with "
      "`profile_model --model {} --tp {} --mbs {}{} --out DIR`, then `gather_profs`",
      format, quote(input_.model()), quote(input_.gpu()), input_.key().variant, text,
      input_.model(), fmt::join(degrees, ","), fmt::join(microbatches, ","), options));
}

double model_state_bytes(const PointDocument& point, const LayerKindProfile& kind) {
  if (kind.training_memory) {
    return kind.parameter_bytes + kind.training_memory->gradient_bytes +
           kind.training_memory->optimizer_state_bytes;
  }
  const bool is_fp32 = point.key.dtype == "fp32" || point.key.dtype == "tf32";
  if (!is_fp32 || point.key.optimizer != "adamw") {
    throw_bad_input(
        fmt::format("{}: expected training_memory of layer kind {}, found none; gradients and "
                    "optimizer state can be told without it for fp32 with AdamW only",
                    point.key.text(), quote(kind.kind)));
  }
  constexpr double kCopies = 5;
  return kCopies * kind.parameter_bytes;
}

double optimizer_step_s(const PointDocument& point) {
  const std::vector<const LayerKindProfile*> layers = layers_of(point);
  if (point.update_is_whole_step) return layers.front()->update.median_s;
  double total = 0;
  for (const LayerKindProfile* layer : layers) total += layer->update.median_s;
  return total;
}

std::string python_json(const OrderedJson& value) {
  return value.dump(2, ' ', true);
}

std::filesystem::path tool_folder(const char* tool, const ExportInput& input) {
  return std::filesystem::path(tool) / "profiles" / safe_file_name(input.model()) /
         safe_file_name(input.gpu());
}

}  // namespace sextant
