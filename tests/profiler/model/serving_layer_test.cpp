// A prompt and the tokens after it, one by one, give what the whole sequence at once gives.
#include "profiler/model/serving_layer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <mutex>

#include <gtest/gtest.h>

#include "tests/profiler/model/layer_bench.h"
#include "tests/profiler/model/rank_threads.h"

namespace sextant::testing {
namespace {

using profiler::Collectives;
using profiler::KvCache;
using profiler::LayerSetup;
using profiler::LoneShard;

constexpr int kSequences = 2;
constexpr int kPrompt = 9;  // longer than every window; two more tokens follow
constexpr int kTokens = 11;

/// The parameters' initial values are so small that a block is nearly the identity.
void enlarge(const profiler::Layer& layer) {
  const at::NoGradGuard guard;
  for (const profiler::Parameter& parameter : layer.parameters()) {
    if (parameter.sharding.kind != profiler::Sharding::Kind::kReplicated) parameter.tensor.mul_(12);
  }
}

LayerOptions options_of(int tp, int microbatch) {
  LayerOptions options;
  options.tp = tp;
  options.microbatch = microbatch;
  options.seq_len = kTokens;
  return options;
}

at::Tensor random_input(const ModelDescription& model, LayerKind kind) {
  at::Generator random = at::globalContext().defaultGenerator(at::Device(at::kCPU)).clone();
  random.set_current_seed(5);
  if (kind == LayerKind::kEmbedding) {
    return at::randint(0, model.vocab, {kSequences * kTokens}, random, at::kLong);
  }
  return at::empty({kSequences * kTokens, model.hidden}).normal_(0, 1, random);
}

/// Token `token` of each sequence.
at::Tensor tokens_at(const at::Tensor& rows, std::int64_t token) {
  return rows.view({kSequences, kTokens, -1}).select(1, token).squeeze(-1);
}

struct Served {
  std::vector<at::Tensor> prompts;  ///< of each sequence
  std::vector<at::Tensor> steps;    ///< of each token after the prompt
};

Served serve(profiler::ServingLayer& layer, const at::Tensor& input) {
  KvCache cache = layer.make_cache(kSequences + 1, kTokens + 3);  // with room to spare
  Served served;
  for (int sequence = 0; sequence < kSequences; ++sequence) {
    served.prompts.push_back(
        layer.prefill(input.narrow(0, sequence * kTokens, kPrompt), cache, sequence));
  }
  for (int token = kPrompt; token < kTokens; ++token) {
    served.steps.push_back(layer.decode(tokens_at(input, token), cache, token));
  }
  return served;
}

class Serving : public ::testing::TestWithParam<std::string> {};

TEST_P(Serving, PromptAndStepsGiveWhatTheWholeSequenceGives) {
  const ModelDescription model = small_model(GetParam());
  for (const LayerCase& layer : layer_cases(model)) {
    if (layer.kind == LayerKind::kHead) continue;
    const at::Tensor input = random_input(model, layer.kind);
    for (const int tp : {1, 2, 4}) {
      std::mutex one_at_a_time;
      run_ranks(tp, [&](Collectives& group) {
        const at::Device cpu(at::kCPU);
        const LayerSetup setup{model, options_of(tp, kSequences), cpu, group};
        const auto whole = profiler::make_layer(layer.kind, setup, layer.block);
        const auto serving = profiler::make_serving_layer(layer.kind, setup, layer.block);
        enlarge(*whole);
        enlarge(serving->layer());
        const at::Tensor expected = whole->forward(input).detach();
        const Served served = serve(*serving, input);

        const std::lock_guard lock(one_at_a_time);
        const std::string where = model.name + " " + layer.text();
        for (int sequence = 0; sequence < kSequences; ++sequence) {
          const at::Tensor prompt = expected.narrow(0, sequence * kTokens, kPrompt);
          EXPECT_LE(relative_error(served.prompts[static_cast<std::size_t>(sequence)], prompt),
                    1e-5)
              << where << " tp " << tp << " sequence " << sequence;
        }
        for (int token = kPrompt; token < kTokens; ++token) {
          EXPECT_LE(relative_error(served.steps[static_cast<std::size_t>(token - kPrompt)],
                                   tokens_at(expected, token)),
                    1e-5)
              << where << " tp " << tp << " token " << token;
        }
      });
    }
  }
}

TEST_P(Serving, HeadsGiveTheLogitsOfTheLastTokens) {
  const ModelDescription model = small_model(GetParam());
  const at::Tensor input = random_input(model, LayerKind::kHead);
  for (const int tp : {1, 2}) {
    // The ranks' tables one below the other, of ranks alone.
    std::vector<at::Tensor> tables;
    at::Tensor narrow = input;
    for (int rank = 0; rank < tp; ++rank) {
      LoneShard alone(tp, rank);
      const auto head = profiler::make_layer(
          LayerKind::kHead, {model, options_of(tp, 1), at::Device(at::kCPU), alone});
      tables.push_back(head->parameters().back().tensor.detach());
      if (rank == 0 && model.embedding_width != model.hidden) {
        narrow = at::matmul(input, head->parameters().front().tensor.detach().t());
      }
    }
    const at::Tensor expected = at::matmul(narrow, at::cat(tables).t());
    std::mutex one_at_a_time;
    run_ranks(tp, [&](Collectives& group) {
      const LayerSetup setup{model, options_of(tp, 1), at::Device(at::kCPU), group};
      const auto head = profiler::make_serving_layer(LayerKind::kHead, setup);
      KvCache none = head->make_cache(1, kTokens);
      const at::Tensor last = head->prefill(input, none);
      const at::Tensor all = head->decode(input, none, kPrompt);
      const std::lock_guard lock(one_at_a_time);
      EXPECT_LE(relative_error(all, expected), 1e-5);
      EXPECT_LE(relative_error(last, expected.narrow(0, expected.size(0) - 1, 1)), 1e-5);
    });
  }
}

INSTANTIATE_TEST_SUITE_P(Families, Serving, ::testing::ValuesIn(small_model_names()),
                         [](const auto& tested) { return tested.param; });

TEST(ServingSizes, AreThoseOfParametersAndKeyValueHeads) {
  const ModelDescription model = small_model("llama_grouped");  // two key-value heads of 8
  for (const int tp : {1, 2, 4}) {
    LayerOptions options = options_of(tp, 1);
    options.dtype = DataType::kBf16;
    LoneShard alone(tp);
    const LayerSetup setup{model, options, at::Device(at::kCPU), alone};
    for (const LayerCase& layer : layer_cases(model)) {
      const auto serving = profiler::make_serving_layer(layer.kind, setup);
      EXPECT_EQ(serving->weight_bytes(), layer_cost(model, layer.kind, options).parameter_bytes);
      const double heads = tp == 1 ? 2 : 1;  // a rank has at least one
      const double bytes = layer.kind == LayerKind::kBlock ? 2 * heads * 8 * 2 : 0;
      EXPECT_EQ(serving->kv_bytes_per_token(), bytes);
      const KvCache cache = serving->make_cache(3, 5);
      if (bytes == 0) continue;
      EXPECT_EQ(static_cast<double>(cache.keys.nbytes() + cache.values.nbytes()), 3 * 5 * bytes);
    }
  }
}

}  // namespace
}  // namespace sextant::testing
