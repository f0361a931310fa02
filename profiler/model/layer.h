#pragma once

#include <ATen/core/Tensor.h>
#include <memory>
#include <string>
#include <vector>

#include "analyzer/model/model.h"
#include "profiler/model/buffers.h"
#include "profiler/model/collectives.h"
#include "profiler/model/marks.h"
#include "profiler/model/weight_gradients.h"

namespace sextant::profiler {

/// How a rank's parameter is cut from the whole model's. Of a stack of matrices (experts) rows and
/// columns are those of each matrix.
struct Sharding {
  enum class Kind {
    kReplicated,
    kRows,     ///< an equal range of rows on each rank, in the order of ranks
    kColumns,  ///< likewise of columns
    kParts,    ///< rows are the concatenation of `parts` ranges, each cut by itself (q | k | v)
  };
  Kind kind = Kind::kReplicated;
  std::vector<std::int64_t> parts;  ///< whole rows of each part; kv heads may repeat, see `repeats`
  /// Ranks that hold the same rows of a part (key-value heads where tp exceeds them); 1 elsewhere.
  std::vector<int> repeats;
};

/// A leaf tensor that training updates.
struct Parameter {
  std::string name;  ///< "attention_qkv.weight", after the operator it belongs to
  at::Tensor tensor;
  Sharding sharding;
};

/// What every layer is built from.
struct LayerSetup {
  const ModelDescription& model;
  LayerOptions options;  ///< tp equals collectives.size(); seq_len is not 0
  at::Device device;
  Collectives& collectives;
  std::uint64_t seed = 1;  ///< of the parameters' values
  /// Of layers that share theirs; null makes the layer's own.
  std::shared_ptr<SharedBuffers> buffers = nullptr;
  /// Where backward leaves the weight gradients of products; null: it computes them. They are then
  /// added to gradients that the parameters must have.
  WeightGradients* later = nullptr;
};

/// One layer of a model on one tensor-parallel rank, as Megatron-LM shards it, with its parameters
/// in the storage type of LayerOptions::dtype. Activations are [tokens, hidden], tokens =
/// microbatch * seq_len, sequence by sequence; with sequence parallelism each rank has the tokens
/// [rank, rank + 1) * tokens / tp of them between layers.
class Layer {
 public:
  virtual ~Layer() = default;

  virtual LayerKind kind() const = 0;
  const std::vector<Parameter>& parameters() const { return parameters_; }
  /// Masks and tables that forward may keep for backward and that are no activations.
  const SharedBuffers& buffers() const { return *buffers_; }

  /// Embedding: `input` is the int64 token ids [tokens]. Blocks and the final norm: activations.
  /// Head: activations, and the result is the mean loss over tokens (fp32, 0-dimensional), against
  /// the labels that were set. Operators end at marks named as analyzer/model/operators.h names
  /// them. A block with LayerOptions::recompute keeps its input only. Backward through a layer can
  /// run once for each forward.
  virtual at::Tensor forward(const at::Tensor& input, Marks* operators = nullptr) = 0;

 protected:
  explicit Layer(std::shared_ptr<SharedBuffers> buffers)
      : buffers_(buffers ? std::move(buffers) : std::make_shared<SharedBuffers>()) {}

  std::vector<Parameter> parameters_;
  std::shared_ptr<SharedBuffers> buffers_;
};

/// The layer `kind` of a model; `block` (0-based) tells whether its attention has a window. Throws
/// Error(kBadInput) as layer_cost() does.
std::unique_ptr<Layer> make_layer(LayerKind kind, const LayerSetup& setup, int block = 0);

/// What the loss is taken against: int64 [tokens]. Throws Error(kInternal) where `layer` is no
/// head.
void set_labels(Layer& layer, const at::Tensor& labels);

/// Makes a tied head use the embedding's table, as where both stand on one pipeline stage: both
/// layers' parameters() then name one tensor. Throws Error(kInternal) where the model's head is not
/// tied.
void tie_head(Layer& head, const Layer& embedding);

/// After backward, sums the gradients of which each rank of `setup`'s group has a summand only:
/// with sequence parallelism those of replicated parameters, and those of key-value heads that
/// several ranks hold. A training step does it before its update.
void sum_shared_gradients(const Layer& layer, const LayerSetup& setup);

}  // namespace sextant::profiler
