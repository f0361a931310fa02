#include "analyzer/model/model_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/model/zoo.h"
#include "tests/support/schema_check.h"

namespace sextant {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string error_of(const std::string& text) {
  try {
    const JsonDocument document = JsonDocument::parse(text, "m.json");
    model_from_json(document.root_of_kind("model", 1));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    return error.what();
  }
  return "accepted";
}

std::string with(const std::string& members) {
  return R"({"schema": "sextant/model/1.0", "name": "m", "family": "gpt2", "layers": 2,
             "heads": 4, "ffn": 64, "vocab": 100, "seq_len": 32)" +
         members + "}";
}

TEST(ModelDocument, RoundTrips) {
  for (const std::string& name : zoo_names()) {
    const OrderedJson written = to_json(zoo_model(name));
    const JsonDocument document = JsonDocument::parse(json_text(written), name);
    EXPECT_EQ(to_json(model_from_json(document.root_of_kind("model", 1))), written) << name;
  }
}

/// The schema that users validate against names the members that are written, and the aliases.
TEST(ModelDocument, HasTheMembersOfItsSchema) {
  testing::SchemaCheck schema("model");
  for (const std::string& name : zoo_names()) {
    EXPECT_EQ(schema.problems(json_text(to_json(zoo_model(name)))), "") << name;
  }
  EXPECT_THAT(schema.unseen(), ElementsAre("/properties/aliases"));
}

TEST(ModelDocument, FillsInThePlainTransformer) {
  const JsonDocument document = JsonDocument::parse(with(R"(, "hidden": 16)"), "m.json");
  const ModelDescription model = model_from_json(document.root());
  EXPECT_EQ(model.kv_heads, 4);
  EXPECT_EQ(model.head_dim, 4);
  EXPECT_EQ(model.embedding_width, 16);
  EXPECT_EQ(model.learned_positions, 32);
}

TEST(ModelDocument, SaysWhatIsWrongAndWhere) {
  EXPECT_THAT(error_of(with("")), HasSubstr("the member \"hidden\""));
  EXPECT_THAT(error_of(with(R"(, "hidden": 0)")), HasSubstr("/hidden"));
  EXPECT_THAT(error_of(with(R"(, "hidden": 18)")), HasSubstr("head_dim"));
  EXPECT_THAT(error_of(with(R"(, "hidden": 16, "kv_heads": 3)")), HasSubstr("do not divide"));
  EXPECT_THAT(error_of(with(R"(, "hidden": 16, "kv_head": 2)")),
              HasSubstr("did you mean \"kv_heads\"?"));
  EXPECT_THAT(error_of(with(R"(, "hidden": 16, "norm": "batch")")),
              HasSubstr("layer_norm, rms_norm"));
  EXPECT_THAT(error_of(with(R"(, "hidden": 16, "experts": 2, "experts_per_token": 4)")),
              HasSubstr("4 experts a token of 2"));
  EXPECT_THAT(error_of(with(R"(, "hidden": 16, "position": "rotary", "learned_positions": 32)")),
              HasSubstr("rotary"));
  EXPECT_THAT(error_of(with(R"(, "hidden": 1e9)")), HasSubstr("an integer from 1"));
  EXPECT_THAT(error_of(R"({"schema": "sextant/model/2.0"})"), HasSubstr("major version 1"));
}

}  // namespace
}  // namespace sextant
