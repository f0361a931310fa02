#include "analyzer/serving/documents/estimated_types.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/model/zoo.h"
#include "analyzer/profile/gpu.h"
#include "analyzer/serving/formats/helix_files.h"
#include "tests/support/reference_data.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

MachineType type_of(const std::string& model, const std::string& type) {
  return estimated_type(model_named(model), machine_kind_of(type), 0);
}

TEST(EstimatedTypes, NamesSayGpuAndNumber) {
  EXPECT_EQ(machine_type_name("T4", 1), "T4");
  EXPECT_EQ(machine_type_name("T4", 4), "T4x4");
  EXPECT_EQ(machine_kind_of("T4x4").gpus, 4);
  EXPECT_EQ(machine_kind_of("T4x4").gpu, "T4");
  EXPECT_EQ(machine_kind_of("A100").gpu, "A100-40");
  EXPECT_EQ(machine_kind_of("Titanx").gpu, "Titanx");
}

// 8192 (2 x 8192 + 2 x 1024 + 3 x 28672) parameters of products and two norms of 8192, 2 bytes
// each.
TEST(EstimatedTypes, ALayerIsABlockInHalfPrecision) {
  const ServedModel model = served_model(model_named("Llama-2-70B"));
  EXPECT_EQ(model.layers, 80);
  EXPECT_EQ(model.activation_bytes, 16384);
  EXPECT_NEAR(model.layer_bytes, 2.0 * (8192.0 * (2 * 8192 + 2 * 1024 + 3 * 28672) + 2 * 8192), 1);
}

TEST(EstimatedTypes, TimesRiseAndTheCacheShrinks) {
  const MachineType type = type_of("Llama-2-70B", "A100-40");
  EXPECT_EQ(type.max_layers, 12);
  ASSERT_EQ(type.kv_blocks.size(), 13U);
  for (std::size_t k = 2; k < type.kv_blocks.size(); ++k) {
    EXPECT_LT(type.kv_blocks[k], type.kv_blocks[k - 1]);
  }
  EXPECT_GT(type.kv_blocks.back(), 0);
  EXPECT_EQ(type.prompt_s.at(0), 0);
  EXPECT_LT(type.prompt_s.at(64), type.prompt_s.at(2048));
  EXPECT_LE(type.decode_s.at(1), type.decode_s.at(256));
  // A decode step reads the weights once: 1.71 GB at 80 % of 1555 GB/s.
  EXPECT_NEAR(type.decode_s.at(1), 1.71e9 / (0.8 * 1555e9), 2e-4);
  EXPECT_GT(type_of("Llama-2-70B", "T4x2").max_layers, type_of("Llama-2-70B", "T4").max_layers);
  EXPECT_LT(type_of("Llama-2-70B", "T4x2").prompt_s.at(1024),
            type_of("Llama-2-70B", "T4").prompt_s.at(1024));
}

// 870 tokens of 4096 bytes for each of 128 sequences, at 80 % of 1555 GB/s.
TEST(EstimatedTypes, ContextIsReadFromTheCache) {
  const ModelDescription model = model_named("Llama-2-70B");
  const MachineKind kind = machine_kind_of("A100");
  const MachineType without = estimated_type(model, kind, 0);
  const MachineType with = estimated_type(model, kind, 870);
  EXPECT_NEAR(with.decode_s.at(128) - without.decode_s.at(128), 128 * 870 * 4096 / (0.8 * 1555e9),
              1e-9);
  EXPECT_DOUBLE_EQ(with.decode_s_per_context_token, 4096 / (0.8 * 1555e9));
}

TEST(EstimatedTypes, RefusesGpusThatCannotShareALayer) {
  EXPECT_THAT([] { type_of("Llama-2-70B", "T4x3"); },
              ThrowsMessage<Error>(HasSubstr("3 GPUs cannot share a layer of \"Llama-2-70B\"")));
  EXPECT_THROW(type_of("Llama-2-70B", "NoSuchGpu"), Error);
}

// Estimates beside what was measured and published with Helix: limits, not speed, are near.
TEST(EstimatedTypes, LimitsAreNearThePublished) {
  const auto data = reference_data("helix");
  SEXTANT_NEEDS(data);
  for (const char* model : {"llama30b", "llama70b"}) {
    const ServingProfiles published = read_helix_profiles(data, model);
    for (const char* name : {"A100", "L4", "T4"}) {
      const MachineType& theirs =
          published.types[static_cast<std::size_t>(published.type_index(name))];
      const MachineType ours = type_of(model, name);
      SCOPED_TRACE(std::string(model) + " on " + name);
      EXPECT_NEAR(ours.max_layers, theirs.max_layers, 1);
      EXPECT_NEAR(static_cast<double>(ours.kv_blocks[1]) / static_cast<double>(theirs.kv_blocks[1]),
                  1, 0.2);
    }
  }
}

}  // namespace
}  // namespace sextant
