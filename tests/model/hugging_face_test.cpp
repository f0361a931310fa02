#include "analyzer/model/hugging_face.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "tests/support/project_paths.h"

namespace sextant {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::filesystem::path kData = std::filesystem::path(sextant::source_path("tests/data/model"));

struct Expected {
  const char* file;
  double parameters;
};

/// Shapes of published models; the counts are those of their weights.
class Imported : public ::testing::TestWithParam<Expected> {};

TEST_P(Imported, HasThePublishedParameters) {
  const ImportedModel imported = import_hugging_face(kData / GetParam().file);
  EXPECT_EQ(parameter_count(imported.model), GetParam().parameters);
  EXPECT_THAT(imported.notes, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Families, Imported,
                         ::testing::Values(Expected{"opt-350m.json", 331'196'416},
                                           Expected{"opt-125m.json", 125'239'296},
                                           Expected{"gpt-neo-125m.json", 125'198'592},
                                           Expected{"gpt2.json", 124'439'808},
                                           Expected{"llama-3-8b.json", 8'030'261'248},
                                           Expected{"mistral-7b.json", 7'241'732'096},
                                           Expected{"qwen2-0.5b.json", 494'032'768},
                                           Expected{"qwen2-7b.json", 7'615'616'512},
                                           Expected{"mixtral-8x7b.json", 46'702'792'704}),
                         [](const auto& instance) {
                           std::string name = instance.param.file;
                           name.resize(name.rfind('.'));
                           std::replace_if(
                               name.begin(), name.end(),
                               [](char c) { return c == '-' || c == '.'; }, '_');
                           return name;
                         });

ImportedModel import_text(const std::string& text) {
  const JsonDocument document = JsonDocument::parse(text, "config.json");
  return import_hugging_face(document.root(), "m");
}

std::string error_of(const std::string& text) {
  try {
    import_text(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    return error.what();
  }
  return "accepted";
}

std::string llama(const std::string& members) {
  return R"({"model_type": "llama", "hidden_size": 64, "num_attention_heads": 4,
             "num_hidden_layers": 2, "intermediate_size": 128, "max_position_embeddings": 32,
             "vocab_size": 100)" +
         members + "}";
}

TEST(HuggingFace, ReadsShapes) {
  const ModelDescription mistral = import_hugging_face(kData / "mistral-7b.json").model;
  EXPECT_EQ(mistral.name, "Mistral-7B-v0.1");
  EXPECT_EQ(mistral.attention_window, 4096);
  EXPECT_EQ(mistral.window_every, 1);
  EXPECT_EQ(mistral.kv_heads, 8);
  const ModelDescription neo = import_hugging_face(kData / "gpt-neo-125m.json").model;
  EXPECT_EQ(neo.attention_window, 256);
  EXPECT_EQ(neo.window_every, 2);
  const ModelDescription opt = import_hugging_face(kData / "opt-350m.json").model;
  EXPECT_TRUE(opt.norm_after);
  EXPECT_FALSE(opt.final_norm);
  EXPECT_EQ(opt.embedding_width, 512);
  EXPECT_EQ(opt.name, "model");  // its folder: the file has no name
}

TEST(HuggingFace, NotesWhatItDoesNotUnderstand) {
  EXPECT_THAT(import_text(llama(R"(, "new_gadget": 7)")).notes,
              ElementsAre("\"new_gadget\" is not understood and was ignored"));
  EXPECT_THAT(import_text(llama(R"(, "rope_scaling": {"factor": 8}, "rope_theta": 5e5)")).notes,
              ElementsAre(HasSubstr("rope_scaling")));
  EXPECT_THAT(import_text(llama(R"(, "quantization_config": {"bits": 4})")).notes,
              ElementsAre(HasSubstr("before quantisation")));
  EXPECT_THAT(import_text(llama(R"(, "architectures": ["LlamaForTokenClassification"])")).notes,
              ElementsAre(HasSubstr("LlamaForTokenClassification")));
}

TEST(HuggingFace, RefusesWhatItCannotCount) {
  EXPECT_THAT(error_of(R"({"model_type": "bert", "hidden_size": 64})"),
              HasSubstr("opt, gpt_neo, gpt2, llama, mistral, qwen2, mixtral"));
  EXPECT_THAT(error_of(R"({"hidden_size": 64})"), HasSubstr("\"model_type\""));
  EXPECT_THAT(error_of(llama(R"(, "hidden_act": "relu2")")), HasSubstr("silu"));
  EXPECT_THAT(error_of(llama(R"(, "num_key_value_heads": 3)")), HasSubstr("do not divide"));
  EXPECT_THAT(error_of(llama(R"(, "is_encoder_decoder": true)")), HasSubstr("is_encoder_decoder"));
  EXPECT_THAT(error_of(llama(R"(, "mlp_bias": 1)")), HasSubstr("true or false"));
  EXPECT_THAT(error_of(R"({"model_type": "llama", "vocab_size": 100})"),
              HasSubstr("num_hidden_layers"));
  EXPECT_THAT(error_of("[]"), HasSubstr("model_type"));
  EXPECT_THAT(error_of(R"({"model_type": "gpt_neo", "hidden_size": 64, "num_heads": 4,
                           "num_layers": 3, "vocab_size": 9, "max_position_embeddings": 8,
                           "attention_types": [[["local", "global", "local"], 1]]})"),
              HasSubstr("global and local in turns"));
}

TEST(HuggingFace, ModelsBiasesAndWidths) {
  const ModelDescription model =
      import_text(llama(R"(, "attention_bias": true, "mlp_bias": true, "head_dim": 32)")).model;
  EXPECT_TRUE(model.attention_bias && model.output_bias && model.ffn_bias);
  EXPECT_EQ(model.head_dim, 32);
  EXPECT_FALSE(model.tied_embeddings);
  // By hand: tables 2*6400; block: q 64*128+128, k and v alike, o 128*64+64, ffn 3*64*128 + 2*128
  // + 64, norms 2*64; final norm 64.
  EXPECT_EQ(parameter_count(model),
            12800 + 2 * (3 * (8192 + 128) + 8192 + 64 + 3 * 8192 + 256 + 64 + 128) + 64);
}

}  // namespace
}  // namespace sextant
