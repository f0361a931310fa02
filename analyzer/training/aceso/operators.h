#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include "analyzer/model/model.h"
#include "analyzer/training/estimator.h"

namespace sextant::aceso {

/// What Aceso cuts a model into; the names are those of its tables.
enum class OperatorKind {
  kEmbedding,
  kFirstNorm,
  kQkv,
  kScore,
  kSoftmax,
  kAttentionDropout,
  kContext,
  kDense,
  kPostAttentionDropout,
  kSecondNorm,
  kUp,
  kActivation,
  kDown,
  kPostMlpDropout,
  kFinalNorm,
  kPostProcess,
};
inline constexpr std::array<std::string_view, 16> kOperatorNames = {
    "encoder-embedding",     "enc-1st-layernorm",     "enc-attention-qkv",
    "enc-attention-score",   "enc-attention-softmax", "enc-attention-dropout",
    "enc-attention-context", "enc-attention-dense",   "enc-post-attention-dropout",
    "enc-2nd-layernorm",     "enc-MLP-GEMM-1",        "enc-MLP-gelu",
    "enc-MLP-GEMM-2",        "enc-post-MLP-dropout",  "final-layernorm",
    "gpt-post-process"};
constexpr std::size_t index_of(OperatorKind kind) {
  return static_cast<std::size_t>(kind);
}

struct Operator {
  OperatorKind kind = OperatorKind::kEmbedding;
  int layer = 0;  ///< that it is part of
};

/// The operators of a model, and where its layers begin among them.
class OperatorSequence {
 public:
  /// A head without a layer of the final norm before it holds that norm too, as the published
  /// tables have it.
  explicit OperatorSequence(std::vector<LayerKind> layers);

  int size() const { return static_cast<int>(operators_.size()); }
  int layer_count() const { return static_cast<int>(layers_.size()); }
  const Operator& operator[](int index) const {
    return operators_[static_cast<std::size_t>(index)];
  }
  LayerKind layer_kind(int layer) const { return layers_[static_cast<std::size_t>(layer)]; }
  /// The first operator of `layer`; of layer_count() the end of all.
  int first_of(int layer) const { return first_of_[static_cast<std::size_t>(layer)]; }
  /// The layer before which a cut before operator `cut` comes to lie when it moves to the nearest
  /// cut between layers; of two as near the later one.
  int nearest_layer_cut(int cut) const;

 private:
  std::vector<LayerKind> layers_;
  std::vector<Operator> operators_;
  std::vector<int> first_of_;
};

/// Of the profile's layers: what the description of the model says where both have as many, else
/// embedding, blocks and head.
OperatorSequence operator_sequence(const TrainingProblem& problem);

/// What one operator costs on one rank, in the units of Aceso's tables: microseconds, and MB of
/// 2^20 bytes.
struct OperatorCosts {
  double forward_us = 0;
  double backward_us = 0;
  double input_mb = 0;
  double output_mb = 0;
  double weights_mb = 0;
  double activations_mb = 0;  ///< kept from forward to backward
  double forward_reserved_mb = 0;
  double backward_reserved_mb = 0;
};
inline constexpr double kBytesPerMb = 1024.0 * 1024.0;

}  // namespace sextant::aceso
