#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/model/model.h"
#include "analyzer/model/zoo.h"

namespace sextant {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Published {
  const char* name;
  double parameters;
};

/// Where weights are public, the figure is the number of parameters in them. By hand:
///   OPT-350M      50272*512 table + 2050*1024 positions + 2*512*1024 projections
///                 + 24 (4 (1024² + 1024) + 2*1024*4096 + 4096 + 1024 + 4*1024), no final norm
///   OPT-30B       50272 h + 2050 h + 48 (12 h² + 13 h) + 2 h, h = 7168
///   GPT-Neo-2.7B  50257 h + 2048 h + 32 (12 h² + 10 h) + 2 h, h = 2560: no biases of q, k, v
///   Llama-3-8B    2*128256 h + 32 (2 h² + 2*1024 h + 3*14336 h + 2 h) + h, h = 4096
///   LLaMA-1-30B   2*32000 h + 60 (4 h² + 3*17920 h + 2 h) + h, h = 6656
///   Llama-2-70B   2*32000 h + 80 (2 h² + 2*1024 h + 3*28672 h + 2 h) + h, h = 8192
///   GPT-3-175B    50257 h + 2048 h + 96 (12 h² + 13 h) + 2 h, h = 12288; published as 174,600M
///                 (Brown et al. 2020, table D.1), to which this rounds
///   Turing-NLG    50257 h + 1024 h + 78 (12 h² + 13 h) + 2 h, h = 4256; published as 17B
///   MSFT-1T       50257 h + 1024 h + 128 (12 h² + 13 h) + 2 h, h = 24576. LIBRA calls it 1T: the
///                 width of its workload with ZeRO-Infinity's 128 layers is 0.93T; ZeRO-Infinity's
///                 own 1T model is wider (25K)
class ZooParameters : public ::testing::TestWithParam<Published> {};

TEST_P(ZooParameters, AreThePublishedOnes) {
  EXPECT_EQ(parameter_count(zoo_model(GetParam().name)), GetParam().parameters);
}

INSTANTIATE_TEST_SUITE_P(Zoo, ZooParameters,
                         ::testing::Values(Published{"OPT-350M", 331'196'416},
                                           Published{"OPT-30B", 29'974'540'288},
                                           Published{"GPT-Neo-2.7B", 2'651'307'520},
                                           Published{"Llama-3-8B", 8'030'261'248},
                                           Published{"LLaMA-1-30B", 32'528'943'616},
                                           Published{"Llama-2-70B", 68'976'648'192},
                                           Published{"GPT-3-175B", 174'604'259'328},
                                           Published{"Turing-NLG-17B", 17'176'845'728},
                                           Published{"MSFT-1T", 929'014'161'408}),
                         [](const auto& instance) {
                           std::string name = instance.param.name;
                           std::replace_if(
                               name.begin(), name.end(),
                               [](char c) { return c == '-' || c == '.'; }, '_');
                           return name;
                         });

TEST(Zoo, HoldsEveryModelAndKnowsTheAliasesOfThePublishedPlanners) {
  EXPECT_THAT(zoo_names(),
              ElementsAre("GPT-3-175B", "GPT-Neo-2.7B", "LLaMA-1-30B", "Llama-2-70B", "Llama-3-8B",
                          "MSFT-1T", "OPT-30B", "OPT-350M", "Turing-NLG-17B"));
  EXPECT_EQ(zoo_model("OPT-350").name, "OPT-350M");
  EXPECT_EQ(zoo_model("OPT-30").name, "OPT-30B");
  EXPECT_EQ(zoo_model("GPT-Neo-2.7").name, "GPT-Neo-2.7B");
  EXPECT_EQ(zoo_model("llama-3-8b").name, "Llama-3-8B");
  for (const std::string& name : zoo_names()) EXPECT_FALSE(zoo_model(name).source.empty()) << name;
}

TEST(Zoo, NamesTheNearestModel) {
  try {
    zoo_model("OPT-350N");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_THAT(error.what(), HasSubstr("did you mean OPT-350"));
  }
  EXPECT_THROW(zoo_model("../gpus/A100-40"), Error);
}

TEST(LayerSequence, HasAFinalNormWhereTheModelHasOne) {
  EXPECT_EQ(layer_sequence(zoo_model("OPT-350M")).size(), 26U);
  EXPECT_EQ(layer_sequence(zoo_model("OPT-30B")).size(), 51U);
  EXPECT_EQ(layer_sequence(zoo_model("Llama-3-8B")).size(), 35U);
}

/// 6 FLOPs a weight that is multiplied, and causal attention's 6 layers s hidden: Llama-3-8B at
/// 8192 tokens is 6 (8,030,261,248 - 128256*4096 table - 65*4096 norms) + 6*32*8192*4096.
TEST(TrainingFlops, AreSixAWeightAndHalfTheSquareOfAttention) {
  const double weights = 8'030'261'248.0 - 128256.0 * 4096 - 65.0 * 4096;
  EXPECT_DOUBLE_EQ(training_flops_per_token(zoo_model("Llama-3-8B"), 8192),
                   6 * weights + 6.0 * 32 * 8192 * 4096);
}

TEST(TrainingFlops, CountWindowsWhereBlocksHaveThem) {
  ModelDescription model = zoo_model("GPT-Neo-2.7B");
  const double windowed = training_flops_per_token(model, 2048);
  model.attention_window = 0;
  // 16 of 32 blocks: 256 * 2048 - 256²/2 pairs in place of 2048²/2, 12 FLOPs a pair and channel.
  const double pairs = 2048.0 * 2048 / 2 - (256.0 * 2048 - 256.0 * 256 / 2);
  EXPECT_DOUBLE_EQ(training_flops_per_token(model, 2048) - windowed, 12 * 16 * pairs / 2048 * 2560);
}

TEST(TensorDegrees, DivideHeadsAndWidth) {
  EXPECT_THAT(legal_tensor_degrees(zoo_model("OPT-350M"), 64), ElementsAre(1, 2, 4, 8, 16));
  // 52 heads, but 13 does not divide the width 17920 = 2⁹ * 5 * 7.
  EXPECT_THAT(legal_tensor_degrees(zoo_model("LLaMA-1-30B"), 64), ElementsAre(1, 2, 4));
  // 8 key-value heads are repeated at 16 and 32.
  EXPECT_THAT(legal_tensor_degrees(zoo_model("Llama-3-8B"), 64), ElementsAre(1, 2, 4, 8, 16, 32));
  EXPECT_THAT(legal_tensor_degrees(zoo_model("Turing-NLG-17B"), 8), ElementsAre(1, 2, 4, 7));
}

}  // namespace
}  // namespace sextant
