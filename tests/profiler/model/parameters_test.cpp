#include <ATen/ATen.h>
#include <set>

#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/model/zoo.h"
#include "profiler/model/layer.h"
#include "tests/profiler/model/small_models.h"

namespace sextant::testing {
namespace {

using profiler::LayerSetup;
using profiler::LoneShard;
using profiler::Parameter;

/// A zoo model with its proportions and everything that is peculiar to it, small enough to build.
ModelDescription scaled_down(ModelDescription model) {
  const int group = model.heads / model.kv_heads;
  model.kv_heads = model.kv_heads == model.heads ? 4 : 2;
  model.heads = model.kv_heads * (group > 1 ? 4 : 1);
  model.head_dim = 8;
  model.embedding_width = model.embedding_width == model.hidden ? 64 : 24;
  model.hidden = 64;
  model.ffn = model.ffn % 3 == 0 ? 192 : 256;
  model.vocab = 1000;
  const int spare = model.learned_positions - model.seq_len;
  model.seq_len = 16;
  if (model.position == Position::kLearned) model.learned_positions = model.seq_len + spare;
  return model;
}

double elements(const profiler::Layer& layer) {
  double sum = 0;
  for (const Parameter& parameter : layer.parameters()) {
    sum += static_cast<double>(parameter.tensor.numel());
  }
  return sum;
}

void expect_counted_parameters(const ModelDescription& model) {
  for (const int tp : {1, 2, 4}) {
    for (const DataType dtype : {DataType::kFp32, DataType::kBf16}) {
      for (const LayerCase& layer : layer_cases(model)) {
        LayerOptions options;
        options.tp = tp;
        options.dtype = dtype;
        LoneShard alone(tp, tp - 1);
        const LayerSetup setup{model, options, at::Device(at::kCPU), alone};
        const LayerCost cost = layer_cost(model, layer.kind, options, layer.block);
        const auto built = profiler::make_layer(layer.kind, setup, layer.block);
        EXPECT_EQ(elements(*built), cost.parameters)
            << model.name << ' ' << layer.text() << " tp " << tp;
        for (const Parameter& parameter : built->parameters()) {
          EXPECT_EQ(parameter.tensor.element_size(), element_bytes(dtype)) << parameter.name;
          EXPECT_TRUE(parameter.tensor.is_leaf() && parameter.tensor.requires_grad());
        }
      }
    }
  }
}

TEST(Parameters, OfSmallModelsAreThoseThatAreCounted) {
  for (const ModelDescription& model : small_models()) expect_counted_parameters(model);
}

TEST(Parameters, OfEveryZooModelScaledDownAreThoseThatAreCounted) {
  for (const std::string& name : zoo_names()) {
    const ModelDescription model = scaled_down(zoo_model(name));
    check(model);
    expect_counted_parameters(model);
  }
}

std::vector<Parameter> made(const ModelDescription& model, LayerKind kind, int tp, int rank,
                            std::uint64_t seed) {
  LayerOptions options;
  options.tp = tp;
  LoneShard alone(tp, rank);
  return profiler::make_layer(kind, {model, options, at::Device(at::kCPU), alone, seed})
      ->parameters();
}

TEST(Parameters, ValuesComeFromTheSeedAndDifferBetweenShards) {
  const ModelDescription model = small_model("mixtral");
  const auto first = made(model, LayerKind::kBlock, 2, 0, 1);
  const auto again = made(model, LayerKind::kBlock, 2, 0, 1);
  const auto other_seed = made(model, LayerKind::kBlock, 2, 0, 2);
  const auto other_rank = made(model, LayerKind::kBlock, 2, 1, 1);
  for (std::size_t i = 0; i < first.size(); ++i) {
    const at::Tensor& tensor = first[i].tensor;
    const bool norm = first[i].name.find("norm") != std::string::npos;
    const bool replicated = first[i].sharding.kind == profiler::Sharding::Kind::kReplicated;
    EXPECT_TRUE(at::equal(tensor, again[i].tensor)) << first[i].name;
    EXPECT_EQ(at::equal(tensor, other_seed[i].tensor), norm) << first[i].name;
    EXPECT_EQ(at::equal(tensor, other_rank[i].tensor), replicated) << first[i].name;
    if (norm) continue;
    EXPECT_NEAR(tensor.mean().item<double>(), 0, 0.005) << first[i].name;
    EXPECT_NEAR(tensor.std().item<double>(), 0.02, 0.003) << first[i].name;
  }
}

TEST(Parameters, KeyValueHeadsThatRanksShareStartEqual) {
  const ModelDescription model = small_model("llama_grouped");  // two of them on four ranks
  const auto keys = [&](int rank) {
    return made(model, LayerKind::kBlock, 4, rank, 1)[1].tensor.narrow(0, 8, 8);
  };
  EXPECT_TRUE(at::equal(keys(0), keys(1)));
  EXPECT_TRUE(at::equal(keys(2), keys(3)));
  EXPECT_FALSE(at::equal(keys(1), keys(2)));
}

TEST(Parameters, ATiedHeadUsesTheEmbeddingsTable) {
  const ModelDescription model = small_model("gpt2");
  LayerOptions options;
  LoneShard alone(1);
  const LayerSetup setup{model, options, at::Device(at::kCPU), alone};
  const auto embedding = profiler::make_layer(LayerKind::kEmbedding, setup);
  const auto head = profiler::make_layer(LayerKind::kHead, setup);
  EXPECT_FALSE(head->parameters().back().tensor.is_same(embedding->parameters()[0].tensor));
  profiler::tie_head(*head, *embedding);
  EXPECT_TRUE(head->parameters().back().tensor.is_same(embedding->parameters()[0].tensor));
}

TEST(Parameters, WhatDoesNotFitIsRefused) {
  ModelDescription model = small_model("llama");
  LayerOptions options;
  LoneShard alone(1);
  const LayerSetup setup{model, options, at::Device(at::kCPU), alone};
  const auto embedding = profiler::make_layer(LayerKind::kEmbedding, setup);
  const auto head = profiler::make_layer(LayerKind::kHead, setup);
  EXPECT_THROW(profiler::tie_head(*head, *embedding), Error);  // Llama's is not tied
  EXPECT_THROW(profiler::set_labels(*embedding, at::zeros({1}, at::kLong)), Error);

  options.tp = 3;
  LoneShard three(3);
  try {
    profiler::make_layer(LayerKind::kBlock, {model, options, at::Device(at::kCPU), three});
    FAIL() << "three ranks split four heads";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
  }
  model.head_dim = 7;
  EXPECT_THROW(profiler::make_layer(LayerKind::kBlock, setup), Error);
}

}  // namespace
}  // namespace sextant::testing
