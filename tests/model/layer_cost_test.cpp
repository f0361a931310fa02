#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "analyzer/core/error.h"
#include "analyzer/model/model.h"
#include "analyzer/model/operators.h"
#include "analyzer/model/zoo.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;

constexpr LayerKind kKinds[] = {LayerKind::kEmbedding, LayerKind::kBlock, LayerKind::kFinalNorm,
                                LayerKind::kHead};

double whole_model(const ModelDescription& model, const LayerOptions& options) {
  double sum = 0;
  for (const LayerKind kind : layer_sequence(model)) {
    sum += layer_cost(model, kind, options).parameters;
  }
  return sum;
}

/// Rows that padding adds to each stored table, and the tied head's copy.
double beyond_parameter_count(const ModelDescription& model) {
  const double width = model.embedding_width;
  const double padding = (padded_vocab(model, 1) - model.vocab) * width;
  return 2 * padding + (model.tied_embeddings ? model.vocab * width : 0);
}

ModelDescription mixtral() {
  ModelDescription model = zoo_model("Llama-3-8B");
  model.name = "Mixtral-8x7B";
  model.family = "mixtral";
  model.vocab = 32000;
  model.seq_len = 4096;
  model.experts = 8;
  model.experts_per_token = 2;
  return model;
}

std::vector<ModelDescription> models() {
  std::vector<ModelDescription> out{mixtral()};
  for (const std::string& name : zoo_names()) out.push_back(zoo_model(name));
  return out;
}

TEST(LayerCost, SumsToTheParametersOfTheModel) {
  for (const ModelDescription& model : models()) {
    EXPECT_EQ(whole_model(model, {}), parameter_count(model) + beyond_parameter_count(model))
        << model.name;
  }
}

/// What every rank holds alike: norms, positions, projections, routers, biases that follow
/// row-parallel products.
double replicated(const ModelDescription& model, LayerKind kind) {
  const double hidden = model.hidden;
  const double norm = (model.norm == Normalization::kLayerNorm ? 2 : 1) * hidden;
  const double projection =
      model.embedding_width == model.hidden ? 0 : model.embedding_width * hidden;
  switch (kind) {
    case LayerKind::kEmbedding:
      return model.learned_positions * hidden + projection;
    case LayerKind::kBlock:
      return 2 * norm + (model.output_bias ? hidden : 0) + (model.ffn_bias ? hidden : 0) +
             hidden * model.experts;
    case LayerKind::kFinalNorm:
      return norm;
    case LayerKind::kHead:
      return projection;
  }
  return 0;
}

TEST(LayerCost, ShardsAddUp) {
  for (const ModelDescription& model : models()) {
    for (const int tp : legal_tensor_degrees(model, model.kv_heads)) {
      for (const LayerKind kind : kKinds) {
        LayerOptions options;
        const double whole = layer_cost(model, kind, options).parameters;
        options.tp = tp;
        const double shard = layer_cost(model, kind, options).parameters;
        double expected = whole + (tp - 1) * replicated(model, kind);
        if (kind == LayerKind::kEmbedding || kind == LayerKind::kHead) {
          expected += double{1} * (padded_vocab(model, tp) - padded_vocab(model, 1)) *
                      model.embedding_width;
        }
        EXPECT_EQ(tp * shard, expected) << model.name << ' ' << to_string(kind) << " tp " << tp;
      }
    }
  }
}

TEST(LayerCost, RepeatsKeyValueHeadsBeyondTheirNumber) {
  const ModelDescription model = zoo_model("Llama-3-8B");
  LayerOptions eight;
  eight.tp = 8;
  LayerOptions sixteen;
  sixteen.tp = 16;
  const double key_value = 2.0 * 4096 * 128;  // one head's k and v, held by either
  const double norms = 2.0 * 4096;
  EXPECT_EQ(layer_cost(model, LayerKind::kBlock, eight).parameters - key_value - norms,
            2 * (layer_cost(model, LayerKind::kBlock, sixteen).parameters - key_value - norms));
}

/// Megatron-DeepSpeed's OPT-350 as the Sailor artifact measured it, parameters a rank: blocks
/// 12 h² + 13 h at tp 1, and heads over a vocabulary of 50257 padded to multiples of 128 tp (with
/// the artifact's own final norm of 2 h, and a token table as wide as the model).
TEST(LayerCost, AgreesWithTheShardsMeasuredInTheSailorArtifact) {
  ModelDescription model = zoo_model("OPT-350M");
  model.vocab = 50257;
  model.embedding_width = model.hidden;
  model.learned_positions = 2048;
  const std::map<int, std::vector<double>> measured{{1, {53608448, 12596224, 51513344}},
                                                    {2, {27918336, 6301184, 25823232}},
                                                    {4, {15073280, 3153664, 12978176}},
                                                    {8, {8650752, 1579904, 6555648}}};
  for (const auto& [tp, layers] : measured) {
    LayerOptions options;
    options.tp = tp;
    EXPECT_EQ(layer_cost(model, LayerKind::kEmbedding, options).parameters, layers[0]) << tp;
    EXPECT_EQ(layer_cost(model, LayerKind::kBlock, options).parameters, layers[1]) << tp;
    EXPECT_EQ(layer_cost(model, LayerKind::kHead, options).parameters + 2 * 1024, layers[2]) << tp;
  }
}

/// A GPT block of one sequence of 2048 tokens, hidden 2560, 20 heads, bf16, tp 1, by hand: the
/// inputs and outputs of two norms, q, k, v and attention's output, s h each; the inner width twice
/// (GELU's input, the second product's); mean and 1/sigma of two norms, 4 B each a token;
/// logsumexp, 4 B a token and head.
TEST(LayerCost, KeepsWhatTheListSays) {
  LayerOptions options;
  options.dtype = DataType::kBf16;
  const double s = 2048;
  const double h = 2560;
  const double streams = 4 + 4;
  const double expected = 2 * (streams * s * h + 2 * s * 4 * h) + 2 * s * 8 + s * 20 * 4;
  EXPECT_EQ(
      layer_cost(zoo_model("GPT-Neo-2.7B"), LayerKind::kBlock, options).saved_activation_bytes,
      expected);
}

/// Llama-3-8B, bf16, tp 8, 8192 tokens: norm inputs and outputs whole, the rest an eighth; one
/// key-value head of 128 a rank; gate, up and product of the SwiGLU; 1/rms of two norms.
TEST(LayerCost, KeepsTheShareOfARank) {
  LayerOptions options;
  options.dtype = DataType::kBf16;
  options.tp = 8;
  const double s = 8192;
  const double expected = 2 * s * (4 * 4096 + 2 * 512 + 2 * 128 + 3 * 1792) + 2 * s * 4 + s * 4 * 4;
  const ModelDescription model = zoo_model("Llama-3-8B");
  EXPECT_EQ(layer_cost(model, LayerKind::kBlock, options).saved_activation_bytes, expected);
  options.sequence_parallel = true;
  EXPECT_EQ(layer_cost(model, LayerKind::kBlock, options).saved_activation_bytes,
            2 * s * (4 * 4096 / 8.0 + 2 * 512 + 2 * 128 + 3 * 1792) + 2 * s * 4 / 8 + s * 4 * 4);
}

/// 24 h² + 2 s h FLOPs a token forward (12 h² weights, half the square of attention), twice the
/// products and 2.5 times the attention backward; all-reduces of s h twice in each direction.
TEST(LayerCost, CountsWorkAndCollectives) {
  ModelDescription model = zoo_model("GPT-3-175B");
  LayerOptions options;
  options.dtype = DataType::kFp16;
  const double h = 12288;
  const double s = 2048;
  const LayerCost whole = layer_cost(model, LayerKind::kBlock, options);
  EXPECT_DOUBLE_EQ(whole.forward_flops, s * (24 * h * h + 2 * s * h));
  EXPECT_DOUBLE_EQ(whole.backward_flops, s * (48 * h * h + 5 * s * h));
  EXPECT_EQ(whole.tp_all_reduce_bytes_forward, 0);
  options.tp = 8;
  const LayerCost rank = layer_cost(model, LayerKind::kBlock, options);
  EXPECT_DOUBLE_EQ(rank.forward_flops, whole.forward_flops / 8);
  EXPECT_EQ(rank.tp_all_reduce_bytes_forward, 2 * 2 * s * h);
  EXPECT_EQ(rank.tp_all_reduce_bytes_backward, 2 * 2 * s * h);
  options.recompute = true;
  const LayerCost again = layer_cost(model, LayerKind::kBlock, options);
  EXPECT_EQ(again.saved_activation_bytes, 2 * s * h);
  EXPECT_DOUBLE_EQ(again.backward_flops, rank.backward_flops + rank.forward_flops);
  EXPECT_GT(again.workspace_bytes, rank.saved_activation_bytes - 2 * s * h);
}

/// Forward and backward of every layer, less the scores that fused attention computes again, less
/// the padding, are the model's FLOPs.
TEST(LayerCost, SumsToTheTrainingFlopsOfTheModel) {
  for (ModelDescription model : models()) {
    model.vocab = padded_vocab(model, 1);
    double flops = 0;
    int block = 0;
    for (const LayerKind kind : layer_sequence(model)) {
      const int index = kind == LayerKind::kBlock ? block++ : 0;
      for (const OperatorCost& op : layer_operators(model, kind, {}, index)) {
        flops += 3 * op.forward_flops;
      }
    }
    const double expected = training_flops_per_token(model, 0) * model.seq_len;
    EXPECT_NEAR(flops / expected, 1, 1e-12) << model.name;
  }
}

TEST(LayerCost, MixtralWorksOnTwoExpertsAndHoldsEight) {
  const ModelDescription model = mixtral();
  EXPECT_EQ(parameter_count(model), 46'702'792'704);  // the published weights
  ModelDescription dense = model;
  dense.experts = dense.experts_per_token = 0;
  const double tokens = model.seq_len;
  const double router = 2 * tokens * 4096 * 8;
  const double expert = 2 * tokens * 3 * 4096 * 14336;
  EXPECT_DOUBLE_EQ(layer_cost(model, LayerKind::kBlock, {}).forward_flops,
                   layer_cost(dense, LayerKind::kBlock, {}).forward_flops + expert + router);
}

TEST(LayerCost, GrowsWithTheMicrobatchAndTheSequence) {
  const std::vector<ModelDescription> all = models();
  EXPECT_TRUE(rc::check([&] {
    const ModelDescription& model = all[*rc::gen::element(0U, 3U, 5U, 8U)];
    const auto kind = *rc::gen::element(LayerKind::kEmbedding, LayerKind::kBlock,
                                        LayerKind::kFinalNorm, LayerKind::kHead);
    LayerOptions small;
    small.tp = *rc::gen::elementOf(legal_tensor_degrees(model, 8));
    small.microbatch = *rc::gen::inRange(1, 32);
    small.seq_len = 8 * *rc::gen::inRange(1, 128);
    small.dtype = *rc::gen::element(DataType::kFp32, DataType::kBf16);
    small.recompute = *rc::gen::arbitrary<bool>();
    LayerOptions large = small;
    large.microbatch += *rc::gen::inRange(1, 32);
    const LayerCost a = layer_cost(model, kind, small, 1);
    const LayerCost b = layer_cost(model, kind, large, 1);
    RC_ASSERT(a.parameters == b.parameters);
    RC_ASSERT(a.saved_activation_bytes < b.saved_activation_bytes);
    RC_ASSERT(a.saved_activation_bytes >= a.input_bytes || kind == LayerKind::kEmbedding ||
              kind == LayerKind::kHead);
    RC_ASSERT(a.workspace_bytes < b.workspace_bytes);
    RC_ASSERT(a.forward_moved_bytes < b.forward_moved_bytes);
    RC_ASSERT(a.forward_flops <= b.forward_flops);
    RC_ASSERT(a.backward_flops >= 2 * a.forward_flops);
    // Activations are proportional to the microbatch.
    RC_ASSERT(std::abs(a.saved_activation_bytes * large.microbatch -
                       b.saved_activation_bytes * small.microbatch) <
              1e-9 * b.saved_activation_bytes * small.microbatch);
    LayerOptions longer = small;
    longer.seq_len += 8;
    const LayerCost c = layer_cost(model, kind, longer, 1);
    RC_ASSERT(a.saved_activation_bytes < c.saved_activation_bytes);
    RC_ASSERT(a.forward_flops <= c.forward_flops);
  }));
}

TEST(LayerCost, RefusesDegreesThatDoNotDivide) {
  const auto message = [](const ModelDescription& model, LayerOptions options) -> std::string {
    try {
      layer_cost(model, LayerKind::kBlock, options);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      return error.what();
    }
    return "accepted";
  };
  LayerOptions options;
  options.tp = 3;
  EXPECT_THAT(
      message(zoo_model("OPT-350M"), options),
      HasSubstr("3 does not divide its 16 attention heads; the nearest that does is 2 or 4"));
  options.tp = 13;
  EXPECT_THAT(message(zoo_model("LLaMA-1-30B"), options), HasSubstr("feed-forward columns"));
  options.tp = 0;
  EXPECT_THAT(message(zoo_model("OPT-350M"), options), HasSubstr("at least 1"));
  options.tp = 1;
  options.seq_len = 4096;
  EXPECT_THAT(message(zoo_model("OPT-350M"), options), HasSubstr("2050 learned positions"));
  options.seq_len = 0;
  options.microbatch = 0;
  EXPECT_THAT(message(zoo_model("OPT-350M"), options), HasSubstr("microbatch"));
}

}  // namespace
}  // namespace sextant
