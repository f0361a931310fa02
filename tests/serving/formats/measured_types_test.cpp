#include "analyzer/serving/formats/measured_types.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "analyzer/network/collective_cost.h"
#include "analyzer/profile/serving_db.h"
#include "analyzer/serving/formats/measured_curves.h"
#include "tests/profile/toy_points.h"
#include "tests/support/temporary_folder.h"
#include "tests/topology/formats/refusal.h"

namespace sextant {
namespace {

constexpr double kSlope = 2e-8;  // seconds per token in the cache

TimeSummary time_of(double seconds) {
  TimeSummary time;
  time.median_s = seconds;
  return time;
}

/// A model of six blocks whose decode steps take 1 ms, 10 us a sequence and kSlope a token.
ServingDocument six_blocks(const std::string& gpu, int tp) {
  ServingDocument document;
  document.provenance = toy_point(1, 1, 0.01).provenance;
  document.memory_basis = "test";
  document.key = {"six", gpu, "bf16", "bf16", tp};
  document.evidence = Evidence::kMeasuredGpu;
  document.source = "six.json";
  ServingLayerProfile embedding;
  embedding.kind = "embedding";
  embedding.weight_bytes = 1e9 / tp;
  embedding.prefill = {{128, time_of(1e-5)}, {4096, time_of(2e-5)}};
  embedding.decode = {{1, 512, time_of(1e-6)}, {64, 2048, time_of(1e-6)}};
  ServingLayerProfile block = embedding;
  block.kind = "block";
  block.weight_bytes = 2e9 / tp;
  block.kv_bytes_per_token = 4096.0 / tp;
  block.prefill = {{128, time_of(2e-3)}, {1024, time_of(9e-3)}, {4096, time_of(40e-3)}};
  block.decode.clear();
  for (const int context : {512, 2048}) {
    for (const int batch : {1, 16, 64}) {
      block.decode.push_back(
          {batch, context, time_of(1e-3 + 1e-5 * batch + kSlope * batch * context)});
    }
  }
  document.kinds = {embedding, block};
  document.sequence = {{0, 1}, {1, 6}};
  return document;
}

ServedModel six_layers() {
  return {"six", 6, 2e9, 2, 8192};
}

std::string refused(const ServingDocument& document, const MeasuredTypeOptions& options = {},
                    const ServedModel& model = six_layers()) {
  return refusal("none", [&] { measured_type(document, model, options); });
}

TEST(MeasuredTypes, CurvesAreTheMeasuredMedians) {
  const MeasuredType measured = measured_type(six_blocks("A100-40", 1), six_layers());
  const MachineType& type = measured.type;
  EXPECT_EQ(type.name, "A100-40");
  EXPECT_EQ(type.prompt_s.at(1024), 9e-3);
  EXPECT_EQ(type.prompt_s.at(0), 0);
  EXPECT_NEAR(type.decode_s_per_context_token, kSlope, 1e-15);
  EXPECT_NEAR(type.decode_s.at(16), 1e-3 + 1.6e-4 + kSlope * 16 * kTypicalContextTokens, 1e-12);
  EXPECT_EQ(kTypicalContextTokens, 870);
  EXPECT_EQ(measured.evidence, Evidence::kMeasuredGpu);
  EXPECT_EQ(measured.note, "\"six\" on \"A100-40\", bf16, tp 1, measured-gpu");
  MeasuredTypeOptions apart;
  apart.context_tokens = 0;
  EXPECT_NEAR(measured_type(six_blocks("A100-40", 1), six_layers(), apart).type.decode_s.at(64),
              1e-3 + 6.4e-4, 1e-12);
}

TEST(MeasuredTypes, KindsOfBlocksCountAsOftenAsTheyStand) {
  ServingDocument document = six_blocks("A100-40", 1);
  document.kinds.push_back(document.kinds[1]);
  for (PrefillTime& point : document.kinds[2].prefill) point.time.median_s *= 4;
  document.kinds[2].prefill.pop_back();  // 4096 tokens did not fit
  document.sequence = {{0, 1}, {1, 4}, {2, 2}};
  const MachineType type = measured_type(document, six_layers()).type;
  EXPECT_NEAR(type.prompt_s.at(1024), 9e-3 * (4.0 / 6 + 4 * 2.0 / 6), 1e-12);
  EXPECT_EQ(type.prompt_s.points().size(), 3U);
  EXPECT_EQ(block_count(document), 6);
}

TEST(MeasuredTypes, LimitsFollowMemoryAndMeasurements) {
  const MachineType type = measured_type(six_blocks("A100-40", 1), six_layers()).type;
  const double usable = 0.8 * 40 * 1024 * 1024 * 1024;
  EXPECT_EQ(type.vram_bytes, 40.0 * 1024 * 1024 * 1024);
  EXPECT_EQ(type.max_layers, 6);
  EXPECT_EQ(type.kv_blocks[3], static_cast<std::int64_t>((usable - 7e9) / (3 * 4096) / 16));
  EXPECT_EQ(type.prompt_max_requests[1], 2);  // 4096 tokens
  EXPECT_EQ(type.decode_max_requests[1], 64);
  EXPECT_EQ(type.typical_layers, 4);
  EXPECT_EQ(type.typical_layers_if_tight, 6);
  EXPECT_NEAR(type.first_layer_tokens_per_s, 32 / type.decode_s.at(32), 1e-6);
  // A GPU of 8 GB: 60 % of 6.4 GB hold one layer, and 3.4 GB are left for the cache.
  MeasuredTypeOptions small;
  small.memory_bytes = 8e9;
  const MachineType eight = measured_type(six_blocks("A100-40", 1), six_layers(), small).type;
  EXPECT_EQ(eight.max_layers, 1);
  ServingDocument wide = six_blocks("A100-40", 1);
  wide.kinds[1].kv_bytes_per_token = 1e6;
  const MachineType narrow = measured_type(wide, six_layers(), small).type;
  EXPECT_EQ(narrow.decode_max_requests[1], 3);  // 3400 tokens in sequences of 990
  // What workspace takes is not there.
  wide.kinds[1].prefill_workspace_bytes = 3e9;
  EXPECT_EQ(measured_type(wide, six_layers(), small).type.decode_max_requests[1], 2);
  small.memory_bytes = 4e9;
  EXPECT_EQ(
      refused(six_blocks("A100-40", 1), small),
      "six.json: \"six\" on \"A100-40\", bf16, tp 1: a layer of 2 GB and a KV cache do not fit "
      "into 4 GB");
}

TEST(MeasuredTypes, MostLayersOfLlama70bAreHelixs) {
  ServedModel model = six_layers();
  for (const auto& [gpu, layers] : {std::pair("A100-40", 12), {"L4", 7}, {"T4", 4}}) {
    ServingDocument document = six_blocks(gpu, 1);
    document.sequence[1].count = 80;
    model.layers = 80;
    document.kinds[0].weight_bytes = 32000.0 * 8192 * 2;
    document.kinds[1].weight_bytes = 1.711e9;  // 855 million parameters
    document.kinds[1].kv_bytes_per_token = 4096;
    EXPECT_EQ(measured_type(document, model).type.max_layers, layers) << gpu;
  }
}

TEST(MeasuredTypes, RecordedCollectivesArePricedOrRefused) {
  ServingDocument document = six_blocks("T4", 2);
  document.collectives_are_timed = false;
  document.kinds[1].collectives = {{"all_reduce", "prefill", 8192, 0},
                                   {"all_reduce", "decode", 8192, 100}};
  EXPECT_EQ(refused(document),
            "six.json: \"six\" on \"T4\", bf16, tp 2: its collectives were recorded and not run; "
            "expected the bandwidth between the GPUs of a machine to price them with, or a profile "
            "with timed collectives");
  MeasuredTypeOptions options;
  options.tensor_link = {.bytes_per_s = 10e9, .step_s = 5e-6};
  const MeasuredType priced = measured_type(document, six_layers(), options);
  EXPECT_EQ(priced.type.name, "T4x2");
  EXPECT_EQ(priced.evidence, Evidence::kEstimated);
  EXPECT_THAT(priced.note, ::testing::EndsWith("measured-gpu, collectives estimated"));
  // A ring of two: two messages, all bytes once.
  EXPECT_NEAR(priced.type.prompt_s.at(1024), 9e-3 + 10e-6 + 1024 * 8192 / 10e9, 1e-12);
  EXPECT_NEAR(priced.type.decode_s.at(16),
              1e-3 + 1.6e-4 + kSlope * 16 * 870 + 10e-6 + 16 * (8192 + 100) / 10e9, 1e-12);
  EXPECT_EQ(priced.type.vram_bytes, 32.0 * 1024 * 1024 * 1024);
  // Both GPUs' memory holds both halves.
  document.collectives_are_timed = true;
  EXPECT_EQ(measured_type(document, six_layers()).evidence, Evidence::kMeasuredGpu);
  EXPECT_EQ(measured_type(document, six_layers()).type.max_layers,
            std::min(6, static_cast<int>(0.6 * 0.8 * 32 * 1.073741824 / 2)));
}

TEST(MeasuredTypes, ShortPromptsAreSaid) {
  ServingDocument document = six_blocks("L4", 1);
  document.kinds[1].prefill.pop_back();
  const MeasuredType measured = measured_type(document, six_layers());
  EXPECT_EQ(measured.type.prompt_max_requests[1], 1);
  EXPECT_THAT(measured.note,
              ::testing::EndsWith("measured-gpu, prompts of more than 1024 tokens extrapolated"));
}

TEST(MeasuredTypes, OneContextHasNoSlope) {
  ServingDocument document = six_blocks("L4", 1);
  std::erase_if(document.kinds[1].decode,
                [](const DecodeTime& point) { return point.context > 512; });
  const MachineType type = measured_type(document, six_layers()).type;
  EXPECT_EQ(type.decode_s_per_context_token, 0);
  EXPECT_DOUBLE_EQ(type.decode_s.at(16), 1e-3 + 1.6e-4 + kSlope * 16 * 512);
}

TEST(MeasuredTypes, WhatCannotBeUsedIsRefused) {
  const std::string what = "six.json: \"six\" on \"L4\", bf16, tp 1: ";
  ServingDocument failed = six_blocks("L4", 1);
  failed.status = PointStatus::kTimeout;
  failed.reason = "rank 0 did not answer";
  EXPECT_EQ(refused(failed), what + "it has no times: rank 0 did not answer");
  ServedModel other = six_layers();
  other.layers = 7;
  EXPECT_EQ(refused(six_blocks("L4", 1), {}, other),
            what + "expected the 7 blocks of \"six\", found 6");
  ServingDocument untimed = six_blocks("L4", 1);
  untimed.kinds[1].decode.clear();
  EXPECT_EQ(refused(untimed),
            what + "expected times of prefill and of decode of every kind of block");
  ServingDocument no_cache = six_blocks("L4", 1);
  no_cache.kinds[1].kv_bytes_per_token = 0;
  EXPECT_EQ(refused(no_cache), what + "expected blocks with weights and a KV cache");
  EXPECT_EQ(refused(six_blocks("Own-GPU", 1)),
            "six.json: \"six\" on \"Own-GPU\", bf16, tp 1: no data sheet says how much memory "
            "\"Own-GPU\" has");
}

TEST(MeasuredTypes, ThroughputOfMeasuredMachines) {
  ServingProfiles profiles;
  profiles.model = six_layers();
  profiles.types = {measured_type(six_blocks("A100-40", 1), six_layers()).type,
                    measured_type(six_blocks("T4", 1), six_layers()).type};
  const ThroughputTable table = typical_throughput(profiles, {2, 2});
  for (std::size_t t = 0; t < 2; ++t) {
    for (std::size_t k = 1; k < table[t].size(); ++k) {
      EXPECT_GT(table[t][k], 0);
      EXPECT_TRUE(std::isfinite(table[t][k]));
    }
  }
}

TEST(MeasuredTypes, DocumentsOfFilesAndFolders) {
  const TemporaryFolder folder;
  ServingDocument fp32 = six_blocks("A100-40", 1);
  fp32.key.variant = "fp32";
  fp32.key.dtype = "fp32";
  ServingDatabase database = {"six", "A100-40", {}};
  database.profiles.emplace(fp32.key, fp32);
  const ServingDocument half = six_blocks("A100-40", 1);
  database.profiles.emplace(half.key, half);
  folder.write("db/six/A100-40/serving.json", serving_database_text(database));
  const ServingDocument t4 = six_blocks("T4", 2);
  const auto single =
      folder.write("db/bf16/serving_profile_six_T4_2.json", serving_document_text(t4));
  folder.write("db/readme.json", "{}");
  const auto documents = read_serving_documents(folder.path() / "db", "six");
  ASSERT_EQ(documents.size(), 3U);
  EXPECT_EQ(read_serving_documents(single, "six").size(), 1U);
  // Helix's A100 has 40 GB.
  const ServingDocument* found = find_serving_document(documents, "A100", 1);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->key.dtype, "bf16");
  EXPECT_EQ(find_serving_document(documents, "T4", 1), nullptr);
  EXPECT_EQ(find_serving_document(documents, "T4", 2)->key, t4.key);
  EXPECT_EQ(
      refusal(folder.path(), [&] { read_serving_documents(single, "ten"); }),
      "db/bf16/serving_profile_six_T4_2.json: expected serving profiles of \"ten\", found those "
      "of six");
  std::filesystem::create_directories(folder.path() / "empty");
  EXPECT_EQ(refusal(folder.path(), [&] { read_serving_documents(folder.path() / "empty", "six"); }),
            "empty: expected serving profiles of \"six\", found none of any model");
}

}  // namespace
}  // namespace sextant
