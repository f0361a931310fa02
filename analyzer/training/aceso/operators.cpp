#include "analyzer/training/aceso/operators.h"

#include <algorithm>
#include <utility>

namespace sextant::aceso {

namespace {

constexpr OperatorKind operator_kind(std::size_t index) {
  return static_cast<OperatorKind>(index);
}

std::vector<LayerKind> layers_of(const TrainingProblem& problem) {
  const auto count = static_cast<std::size_t>(std::max(problem.profile.layer_count, 0));
  if (problem.model != nullptr) {
    std::vector<LayerKind> described = layer_sequence(*problem.model);
    if (described.size() == count) return described;
  }
  std::vector<LayerKind> layers(count, LayerKind::kBlock);
  if (count > 1) {
    layers.front() = LayerKind::kEmbedding;
    layers.back() = LayerKind::kHead;
  }
  return layers;
}

}  // namespace

OperatorSequence::OperatorSequence(std::vector<LayerKind> layers) : layers_(std::move(layers)) {
  const bool has_final_norm =
      std::find(layers_.begin(), layers_.end(), LayerKind::kFinalNorm) != layers_.end();
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const int layer = static_cast<int>(l);
    first_of_.push_back(size());
    switch (layers_[l]) {
      case LayerKind::kEmbedding:
        operators_.push_back({OperatorKind::kEmbedding, layer});
        break;
      case LayerKind::kBlock:
        for (std::size_t kind = index_of(OperatorKind::kFirstNorm);
             kind <= index_of(OperatorKind::kPostMlpDropout); ++kind) {
          operators_.push_back({operator_kind(kind), layer});
        }
        break;
      case LayerKind::kFinalNorm:
        operators_.push_back({OperatorKind::kFinalNorm, layer});
        break;
      case LayerKind::kHead:
        if (!has_final_norm) operators_.push_back({OperatorKind::kFinalNorm, layer});
        operators_.push_back({OperatorKind::kPostProcess, layer});
        break;
    }
  }
  first_of_.push_back(size());
}

int OperatorSequence::nearest_layer_cut(int cut) const {
  const auto after = std::lower_bound(first_of_.begin(), first_of_.end(), cut);
  if (after == first_of_.begin()) return 0;
  if (after == first_of_.end()) return layer_count();
  const int layer = static_cast<int>(after - first_of_.begin());
  return cut - *(after - 1) < *after - cut ? layer - 1 : layer;
}

OperatorSequence operator_sequence(const TrainingProblem& problem) {
  return OperatorSequence(layers_of(problem));
}

}  // namespace sextant::aceso
