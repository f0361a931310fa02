#include "analyzer/serving/documents/serving_input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/profile/serving_profile.h"
#include "analyzer/serving/documents/request_source.h"
#include "tests/profile/toy_points.h"
#include "tests/support/project_paths.h"
#include "tests/support/reference_data.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::ThrowsMessage;

ServingInputOptions mixed() {
  ServingInputOptions options;
  options.cluster = source_path("profiles/clusters/serving-mixed.json");
  options.model = "Llama-2-70B";
  return options;
}

std::vector<std::string> type_names(const ServingInput& input) {
  std::vector<std::string> names;
  for (const MachineType& type : input.profiles.types) names.push_back(type.name);
  return names;
}

/// A profile of the model's blocks on an L4: decode steps take 7 ms.
std::string measured_profile() {
  const auto time_of = [](double seconds) {
    TimeSummary time;
    time.median_s = seconds;
    return time;
  };
  ServingDocument document;
  document.provenance = toy_point(1, 1, 0.01).provenance;
  document.memory_basis = "test";
  document.key = {"Llama-2-70B", "L4", "bf16", "bf16", 1};
  document.evidence = Evidence::kMeasuredGpu;
  ServingLayerProfile block;
  block.kind = "block";
  block.weight_bytes = 1.7e9;
  block.kv_bytes_per_token = 4096;
  block.prefill = {{128, time_of(9e-3)}, {2048, time_of(80e-3)}};
  block.decode = {{1, 512, time_of(7e-3)}, {64, 512, time_of(7e-3)}};
  document.kinds = {block};
  document.sequence = {{0, 80}};
  return serving_document_text(document);
}

TEST(ServingInput, EstimatesWhatNobodyMeasured) {
  const ServingInput input = read_serving_input(mixed());
  EXPECT_EQ(input.cluster_name, "serving-mixed");
  EXPECT_EQ(input.evidence, Evidence::kEstimated);
  EXPECT_THAT(type_names(input), ElementsAre("A100-40", "L4", "T4x2"));
  EXPECT_EQ(input.profiles.types[0].nic_in_bytes_per_s, 3.125e9);
  EXPECT_EQ(input.profiles.model.layers, 80);
  ServingInputOptions charged = mixed();
  charged.context_costs = true;
  EXPECT_LT(read_serving_input(charged).profiles.types[0].decode_s.at(64),
            input.profiles.types[0].decode_s.at(64));
}

TEST(ServingInput, TakesWhatWasMeasured) {
  const TemporaryFolder folder;
  folder.write("bf16/serving_profile_Llama-2-70B_L4_1.json", measured_profile());
  ServingInputOptions options = mixed();
  options.profiles = folder.path();
  const ServingInput input = read_serving_input(options);
  EXPECT_NEAR(input.profiles.types[1].decode_s.at(64), 7e-3, 1e-9);
  EXPECT_EQ(input.profiles.types[1].nic_in_bytes_per_s, 1.25e9);
  EXPECT_EQ(input.evidence, Evidence::kEstimated) << "the other types are";
  EXPECT_THAT(input.notes[0], HasSubstr("estimated from data-sheet figures"));
  EXPECT_THAT(input.notes[1], AllOf(StartsWith("L4: "), HasSubstr("measured-gpu")));
}

TEST(ServingInput, TakesWhatWasPublished) {
  const auto data = reference_data("helix");
  SEXTANT_NEEDS(data);
  ServingInputOptions options = mixed();
  options.artifact = data;
  const ServingInput input = read_serving_input(options);
  EXPECT_EQ(input.evidence, Evidence::kReplayed);
  EXPECT_THAT(type_names(input), ElementsAre("A100-40", "L4", "T4x2"));
  EXPECT_EQ(input.profiles.types[2].max_layers, 9);
  EXPECT_EQ(input.profiles.types[2].nic_in_bytes_per_s, 1.25e9) << "the cluster's, not theirs";
  EXPECT_EQ(input.profiles.model.name, "Llama-2-70B");
  options.cluster = data / "clusters/single/cluster24.ini";
  const ServingInput theirs = read_serving_input(options);
  EXPECT_EQ(theirs.cluster_name, "cluster24");
  EXPECT_THAT(type_names(theirs), ElementsAre("A100", "V100", "L4", "L4x2", "T4", "T4x2", "T4x4"));
  options.model = "OPT-30B";
  EXPECT_THAT([&] { read_serving_input(options); },
              ThrowsMessage<Error>(HasSubstr("no profiles of \"OPT-30B\"")));
}

TEST(ServingInput, AnIniNeedsItsMachines) {
  ServingInputOptions options = mixed();
  options.cluster = "cluster.ini";
  EXPECT_THAT([&] { read_serving_input(options); },
              ThrowsMessage<Error>(HasSubstr("needs --machine-profiles")));
}

TEST(RequestSource, CountsATracesArrivals) {
  const TemporaryFolder folder;
  const std::string file = folder.write(
      "t.csv", "arrival_s,input_tokens,output_tokens\n0.5,10,1\n2.9,20,2\n3,30,3\n9.5,40,4\n");
  const RequestSource source = read_request_source(file, "");
  EXPECT_EQ(source.name, "t");
  EXPECT_EQ(source.trace.size(), 4U);
  EXPECT_THAT(source.recorded.arrivals, ElementsAre(2, 1, 0, 1));
  EXPECT_EQ(source.recorded.lengths[3].input_tokens, 40);
  const RequestSource shipped = read_request_source("", "");
  EXPECT_EQ(shipped.name, "conversations");
  EXPECT_EQ(shipped.trace.size(), 600U);
}

}  // namespace
}  // namespace sextant
