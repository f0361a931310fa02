#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sextant {

/// Storage type of weights and activations in a training step. kFp32 and kTf32 store 4 bytes; kFp16
/// and kBf16 store 2 and keep fp32 master weights in the optimizer.
enum class DataType { kFp32, kTf32, kFp16, kBf16 };

/// Bytes of one stored element: 4 or 2.
int element_bytes(DataType dtype);
std::string_view to_string(DataType dtype);
/// "fp32", "tf32", "fp16", "bf16"; throws Error(kBadInput) on another name.
DataType data_type_from(std::string_view name);

enum class Normalization { kLayerNorm, kRmsNorm };
enum class Activation { kRelu, kGelu, kSwiGlu };
enum class Position { kLearned, kRotary };

/// What a decoder-only transformer is made of; document kind `model`. Counts are of one whole
/// model, unsharded.
struct ModelDescription {
  std::string name;
  std::string family;  ///< "opt", "gpt_neo", "gpt2", "llama", "mistral", "qwen2", "mixtral"
  int layers = 0;      ///< transformer blocks
  int hidden = 0;
  int heads = 0;
  int kv_heads = 0;  ///< < heads: grouped-query attention
  int head_dim = 0;  ///< hidden / heads unless the model says otherwise
  int ffn = 0;       ///< inner width of the feed-forward block (of one expert)
  int vocab = 0;
  int seq_len = 0;            ///< the sequence length it is trained with, tokens
  int learned_positions = 0;  ///< rows of the position table, 0 for rotary
  int embedding_width = 0;  ///< width of the token embedding; != hidden adds projections (OPT-350M)
  Normalization norm = Normalization::kLayerNorm;
  Activation activation = Activation::kGelu;
  Position position = Position::kLearned;
  bool tied_embeddings = true;
  bool attention_bias = true;  ///< biases of query, key and value
  bool output_bias = true;     ///< bias of the attention's output projection
  bool ffn_bias = true;
  bool final_norm = true;
  bool norm_after = false;   ///< normalisation after the residual sum (OPT-350M), not before
  int attention_window = 0;  ///< tokens; 0 = full attention
  int window_every = 1;      ///< every n-th block has the window (GPT-Neo: 2, so blocks 1, 3, …)
  int experts = 0;           ///< 0 = dense
  int experts_per_token = 0;
  std::string source;  ///< where the figures are from
};

std::string_view to_string(Normalization norm);
std::string_view to_string(Activation activation);
std::string_view to_string(Position position);

/// Throws Error(kBadInput) naming the members that contradict each other: key-value heads that do
/// not divide the heads, more experts a token than experts, learned positions without a table, ….
void check(const ModelDescription& model);

/// What the pipeline can be cut between, in order: embedding, each block, the final norm (where
/// there is one) and the head with its loss.
enum class LayerKind { kEmbedding, kBlock, kFinalNorm, kHead };
std::string_view to_string(LayerKind kind);
std::vector<LayerKind> layer_sequence(const ModelDescription& model);

/// How one tensor-parallel rank runs a layer.
struct LayerOptions {
  int tp = 1;
  int microbatch = 1;  ///< sequences
  int seq_len = 0;     ///< tokens; 0 = the model's own
  DataType dtype = DataType::kFp32;
  bool recompute = false;          ///< keep a block's input only, run its forward again
  bool sequence_parallel = false;  ///< Megatron-LM's, splits what tp does not
};

/// Exact sizes and work of one layer on one rank.
struct LayerCost {
  double parameters = 0;              ///< elements on this rank
  double parameter_bytes = 0;         ///< parameters * element_bytes
  double input_bytes = 0;             ///< of the activation that enters from the layer before
  double output_bytes = 0;            ///< of what leaves; the message to the next pipeline stage
  double saved_activation_bytes = 0;  ///< kept from forward to backward
  double workspace_bytes = 0;         ///< largest transient of forward or backward
  double forward_flops = 0;
  double backward_flops = 0;       ///< with the recomputed forward where it is recomputed
  double forward_moved_bytes = 0;  ///< least device-memory traffic of the unfused operators
  double backward_moved_bytes = 0;
  double tp_all_reduce_bytes_forward = 0;  ///< summed over the layer's all-reduces among tp ranks
  double tp_all_reduce_bytes_backward = 0;
};

/// Rows of the token table and of the head that are stored: the vocabulary rounded up to a multiple
/// of 128 tp, as Megatron-LM does at every degree, so that all ranks hold equally many and matrix
/// products stay aligned.
int padded_vocab(const ModelDescription& model, int tp);

/// A layer on one rank under Megatron-LM's tensor parallelism (Shoeybi et al. 2019): heads and
/// feed-forward width split, tables split by rows of the padded vocabulary, norms, positions and
/// biases of row-parallel products on every rank; key-value heads repeated where tp exceeds them. A
/// tied head counts its own copy of the table, since it usually stands on another stage than the
/// embedding. The operators that are summed here, with what each keeps: operators.h.
/// Throws Error(kBadInput) where tp does not divide what it shards, naming the nearest legal
/// degrees. `block` tells which block (0-based), since windows may alternate; ignored for other
/// kinds.
LayerCost layer_cost(const ModelDescription& model, LayerKind kind, const LayerOptions& options,
                     int block = 0);

/// Parameters of the whole model; a tied head is counted once.
double parameter_count(const ModelDescription& model);

/// Model FLOPs of one training step per token (forward and backward, causal attention counted as
/// Megatron-LM does: half of the square, windows likewise; without recomputation): the numerator of
/// model FLOPs utilisation. `seq_len` 0 is the model's own.
double training_flops_per_token(const ModelDescription& model, int seq_len);

/// Tensor-parallel degrees up to `max_tp`, ascending, that divide the heads, the key-value heads
/// (or are multiples of them) and the feed-forward width; the padded vocabulary always is.
std::vector<int> legal_tensor_degrees(const ModelDescription& model, int max_tp);

}  // namespace sextant
