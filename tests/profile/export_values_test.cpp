// The figures and units of every foreign format, worked out by hand for a small profile.
#include <bit>
#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "tests/profile/export_points.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

using Json = nlohmann::json;

class ExportValues : public ::testing::Test {
 protected:
  ExportReport write(const std::string& format, std::vector<PointDocument> points = export_grid(),
                     ExportOptions options = {}) {
    return export_profiles(exporter_named(format), {ExportInput(std::move(points), options)},
                           folder_.path());
  }
  std::string refusal(const std::string& format, std::vector<PointDocument> points) {
    const std::string text = message_of([&] { write(format, std::move(points)); });
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path())) << "something was written";
    return text;
  }
  std::string text(const std::string& path) const { return read_file(folder_.path() / path); }
  Json json(const std::string& path) const { return Json::parse(text(path)); }

  TemporaryFolder folder_;
};

void expect_near(const Json& values, const std::vector<double>& expected) {
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(values[i].get<double>(), expected[i], 1e-12 * std::abs(expected[i])) << i;
  }
}

TEST_F(ExportValues, AmpHasForwardSecondsAtMicrobatchOne) {
  write("amp");
  const std::string bytes = text("AMP/profiles/toy/A100-40/profile_2.npy");
  // 128 bytes of header, then six doubles.
  ASSERT_EQ(bytes.size(), 128U + 6 * 8);
  EXPECT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  EXPECT_EQ(bytes.substr(8, 2), std::string("\x76\x00", 2));
  EXPECT_THAT(bytes.substr(10, 118),
              AllOf(HasSubstr("{'descr': '<f8', 'fortran_order': False, 'shape': (6,), }"),
                    ::testing::EndsWith(" \n")));
  std::vector<double> values(6);
  std::memcpy(values.data(), bytes.data() + 128, 48);
  EXPECT_THAT(values, ElementsAre(0.0005, 0.005, 0.005, 0.005, 0.00025, 0.002));
}

TEST_F(ExportValues, VarunaHasSecondsAndBytesOfItsMachines) {
  write("varuna");
  const Json layers = json("Varuna/profiles/toy/A100-40/profile_2.json");
  EXPECT_EQ(layers.size(), 6U);
  const Json& block = layers.at("1").at("2");
  EXPECT_DOUBLE_EQ(block.at("forward"), 0.01);  // 0.01 s * 2 sequences / tp 2
  EXPECT_DOUBLE_EQ(block.at("backward"), 0.02);
  EXPECT_EQ(block.at("params_bytes"), 8 * kMib);
  // A rank's peak: 4 * 8 of states, 32 of activations, 6 of workspace; times tp.
  EXPECT_EQ(block.at("mem_required"), 2 * 70 * kMib);
  EXPECT_EQ(block.at("output_activation"), kMib);  // 2 MiB over two GPUs
}

TEST_F(ExportValues, MetisHasMillisecondsAndMebibytes) {
  write("metis");
  const Json point = json("Metis/profiles/toy/A100-40/mbs2_tmp2.json");
  const Json& time = point.at("execution_time");
  expect_near(time.at("layer_compute_total_ms"), {3, 30, 30, 30, 1.5, 12});
  EXPECT_NEAR(time.at("forward_backward_time_ms"), 106.5, 1e-9);
  EXPECT_NEAR(time.at("optimizer_time_ms"), 9, 1e-9);  // six layers of 1.5 ms
  EXPECT_NEAR(time.at("total_time_ms"), 115.5, 1e-9);
  // 16 bytes a parameter (states) and the saved activations.
  expect_near(point.at("execution_memory").at("layer_memory_total_mb"),
              {4 * 32 + 0.0625, 64, 64, 64, 4 * 0.5 + 2, 4 * 32 + 8});
  const Json& parameters = point.at("model").at("parameters");
  EXPECT_EQ(parameters.at("parameters_per_layer_bytes").at(1), 8 * kMib);
  EXPECT_EQ(parameters.at("total_parameters_bytes"), (32 + 24 + 0.5 + 32) * kMib);
  EXPECT_EQ(parameters.at("activation_parameters_bytes").at(1), 2 * kMib);
  EXPECT_EQ(point.at("model").at("num_layers"), 6);
}

TEST_F(ExportValues, MetisCountsAWholeStepOnce) {
  PointDocument point = export_point(1, 1);
  point.update_is_whole_step = true;
  write("metis", {point});
  const Json written = json("Metis/profiles/toy/A100-40/mbs1_tmp1.json");
  EXPECT_NEAR(written.at("execution_time").at("optimizer_time_ms"), 3, 1e-12);
}

TEST_F(ExportValues, PiperHasAGraphForEveryMicrobatch) {
  write("piper");
  const Json graph = json("Piper/profiles/toy/A100-40/profile.json").at("2");
  EXPECT_EQ(graph.at("maxMemoryPerDevice"), 40 * 1024 * kMib);
  ASSERT_EQ(graph.at("nodes").size(), 6U);
  EXPECT_EQ(graph.at("nodes").at(0).at("name"), "Embedding");
  EXPECT_EQ(graph.at("nodes").at(1).at("name"), "Transformer");
  EXPECT_EQ(graph.at("nodes").at(5).at("name"), "Head");
  const Json& block = graph.at("nodes").at(1).at("TMPCs").at("2").at(0);
  EXPECT_DOUBLE_EQ(block.at("timePerSample"), 0.03);
  EXPECT_EQ(block.at("parameterSize"), 8 * kMib);
  EXPECT_EQ(block.at("memoryUsageA"), 32 * kMib);
  EXPECT_EQ(block.at("memoryUsageB"), 32 * kMib);
  EXPECT_EQ(block.at("syncTimeFw"), Json({{"0", 0}}));
  EXPECT_EQ(block.at("syncTimeBw"), Json({{"2", 0}}));
  ASSERT_EQ(graph.at("edges").size(), 5U);
  // One sequence's output, whatever the microbatch.
  EXPECT_EQ(graph.at("edges").at(4),
            Json({{"sourceId", 4}, {"destId", 5}, {"communicationCost", kMib}}));
}

TEST_F(ExportValues, GalvatronHasMillisecondsAndMebibytesOfOneAndTwoBlocks) {
  const ExportReport report = write("galvatron");
  const Json compute = json("Galvatron/profiles/toy/A100-40/compute_profile.json");
  EXPECT_DOUBLE_EQ(compute.at("layertype_0"), 10);
  EXPECT_DOUBLE_EQ(compute.at("layertype_other_0"), 1 + 0.5 + 4);

  const Json memory = json("Galvatron/profiles/toy/A100-40/memory_profile.json");
  const Json& alone = memory.at("1_1_1");
  EXPECT_EQ(alone.at("layernum[1]_bsz1_rank0_ms"), 4 * (64 + 16 + 1 + 64));
  EXPECT_EQ(alone.at("layernum[1]_bsz1_rank0_act"), 0.0625 + 32 + 2 + 8);
  EXPECT_EQ(alone.at("layernum[1]_bsz1_rank0_act_peak"), 0.0625 + 32 + 2 + 8 + 6);
  EXPECT_EQ(alone.at("layernum[2]_bsz1_rank0_ms"), 4 * (64 + 32 + 1 + 64));
  const Json& halves = memory.at("2_1_1");
  EXPECT_EQ(halves.at("layernum[2]_bsz1_rank0_ms"), 4 * 64);
  EXPECT_EQ(halves.at("layernum[2]_bsz1_rank1_ms"), 4 * (32 + 1 + 64));
  const Json& both = memory.at("2_2_1");
  EXPECT_EQ(both.at("layernum[2]_bsz1_rank3_ms"), 4 * (16 + 0.5 + 32));
  EXPECT_EQ(both.at("layernum[2]_bsz1_rank3_act"), 32 + 1 + 4);
  EXPECT_FALSE(memory.contains("2_4_1"));  // eight GPUs

  EXPECT_EQ(memory.at("layertype_0"),
            Json({{"parameter_size", 16.0},
                  {"tp_activation_per_bsz_dict", {{"1", 32.0}, {"2", 16.0}, {"4", 8.0}}}}));
  const auto other = [](double states, double activation) {
    return Json({{"model_states", states}, {"activation", activation}});
  };
  EXPECT_EQ(memory.at("other_memory_pp_off"), other(4 * (64 + 1 + 64) / 4.0, 10.0625));
  EXPECT_EQ(memory.at("other_memory_pp_on_first"), other(4 * 64 / 2.0, 0.0625));
  EXPECT_EQ(memory.at("other_memory_pp_on_last"), other(4 * (1 + 64) / 2.0, 10.0));

  EXPECT_EQ(json("Galvatron/overlap_coe_dicts.json"),
            Json({{"A100-40", {{"1", 1.0}, {"2", 1.513}, {"4", 1.227}}}}));
  EXPECT_THAT(report.notes, ::testing::Contains(HasSubstr("--overlap-coefficient")));
}

TEST_F(ExportValues, GalvatronTakesAnOverlapCoefficientAndKeepsThoseOfOthers) {
  write_text(folder_.path() / "Galvatron/overlap_coe_dicts.json", R"({"V100-16": {"1": 1.0}})");
  ExportOptions options;
  options.overlap_coefficient = 1.25;
  options.gpus_per_node = 2;
  const ExportReport report = write("galvatron", export_grid(), options);
  EXPECT_EQ(json("Galvatron/overlap_coe_dicts.json"),
            Json({{"V100-16", {{"1", 1.0}}}, {"A100-40", {{"1", 1.0}, {"2", 1.25}}}}));
  EXPECT_THAT(report.notes, Not(::testing::Contains(HasSubstr("--overlap-coefficient"))));
  const Json memory = json("Galvatron/profiles/toy/A100-40/memory_profile.json");
  EXPECT_FALSE(memory.contains("1_4_1"));  // beyond a machine of two
}

TEST_F(ExportValues, AcesoHasMicrosecondsAndMebibytesOfOperators) {
  const ExportReport report = write("aceso");
  const std::string folder = "Aceso/profiler/A100-40/profiled-data-fp32/";
  const std::string table = text(folder + "toy_mbs2_tp2_algo0.csv");
  EXPECT_THAT(table, ::testing::StartsWith("op_name,forward-compute,backward-compute,input_size,"
                                           "output_size,weights,activations,fwd_reserved,"
                                           "bwd_reserved\r\n"));
  for (const char* line : {
           // Two operators, 100 and 200 us at 2 sequences on 2 ranks; 60 + 4 MiB of weights.
           "encoder-embedding,300.000,600.000,0.125,2.000,32.000,0.062,4.000,6.000\r\n",
           // The stream of 2 MiB is passed on beside the norm's 2 MiB.
           "enc-1st-layernorm,100.000,200.000,2.000,4.000,0.000,1.000,4.000,6.000\r\n",
           "enc-attention-qkv,200.000,400.000,4.000,5.000,2.000,2.000,4.000,6.000\r\n",
           "enc-attention-score,300.000,600.000,5.000,3.000,0.000,4.000,4.000,6.000\r\n",
           "enc-attention-softmax,0.000,0.000,3.000,3.000,0.000,0.000,4.000,6.000\r\n",
           "enc-attention-dropout,0.000,0.000,3.000,3.000,0.000,0.000,4.000,6.000\r\n",
           "enc-attention-context,0.000,0.000,3.000,3.000,0.000,0.000,4.000,6.000\r\n",
           "enc-attention-dense,400.000,800.000,3.000,4.000,1.000,1.000,4.000,6.000\r\n",
           "enc-post-attention-dropout,500.000,1000.000,4.000,2.000,0.000,0.000,4.000,6.000\r\n",
           "enc-2nd-layernorm,600.000,1200.000,2.000,4.000,0.000,1.000,4.000,6.000\r\n",
           "enc-MLP-GEMM-1,700.000,1400.000,4.000,6.000,2.500,1.000,4.000,6.000\r\n",
           "enc-MLP-gelu,800.000,1600.000,6.000,6.000,0.000,16.000,4.000,6.000\r\n",
           "enc-MLP-GEMM-2,900.000,1800.000,6.000,4.000,2.500,4.000,4.000,6.000\r\n",
           "enc-post-MLP-dropout,1000.000,2000.000,4.000,2.000,0.000,0.000,4.000,6.000\r\n",
           "final-layernorm,100.000,200.000,2.000,2.000,0.500,2.000,4.000,6.000\r\n",
           "gpt-post-process,300.000,600.000,2.000,0.000,32.000,8.000,4.000,6.000\r\n",
       }) {
    EXPECT_THAT(table, HasSubstr(line));
  }
  EXPECT_EQ(text(folder + "toy_mbs1_tp1_algo0.csv"), text(folder + "toy_mbs1_tp1_algo1.csv"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / folder / "toy_mbs1_tp2_algo1.csv"));
  EXPECT_THAT(report.notes, ::testing::Contains(HasSubstr("algo1")));
}

TEST_F(ExportValues, AcesoHasNothingInTheLineOfANormThatTheModelLacks) {
  PointDocument point = export_point(2, 2);
  point.kinds.erase(point.kinds.begin() + 2);
  point.sequence = {{0, 1}, {1, 3}, {2, 1}};
  write("aceso", {point});
  EXPECT_THAT(
      text("Aceso/profiler/A100-40/profiled-data-fp32/toy_mbs2_tp2_algo0.csv"),
      AllOf(HasSubstr("final-layernorm,0.000,0.000,2.000,2.000,0.000,0.000,0.000,0.000\r\n"),
            HasSubstr("gpt-post-process,300.000,600.000,2.000,0.000,32.000,8.000,")));
}

TEST_F(ExportValues, FlashFlexHasTheDataSheet) {
  write_text(folder_.path() / "FlashFlex/src/machine_amounts.json",
             R"({"machine_specs": {"L4": [1, 2, 3]}, "machine_amounts": {"L4": {"1": 7}}})");
  const ExportReport report = write("flashflex");
  // 19.5 TFLOP/s in fp32, 40 GiB, 300 GB/s of NVLink in one direction.
  EXPECT_EQ(json("FlashFlex/src/machine_amounts.json"),
            Json({{"machine_specs", {{"L4", {1, 2, 3}}, {"A100-40", {19.5, 40.0, 300.0}}}},
                  {"machine_amounts", {{"L4", {{"1", 7}}}, {"A100-40", {{"4", 0}}}}}}));
  EXPECT_EQ(report.evidence, Evidence::kEstimated);  // whatever the profile is
}

TEST_F(ExportValues, MissingPartsAreAllNamedAndNothingIsWritten) {
  std::vector<PointDocument> points = export_grid();
  points[2].kinds[1].operators.clear();        // tp 2, microbatch 1
  points[3].kinds[0].training_memory.reset();  // tp 2, microbatch 2
  points[5].kinds[0].training_memory.reset();  // tp 4, microbatch 2
  const std::string text = refusal("aceso", points);
  EXPECT_THAT(text, AllOf(HasSubstr("operators of layer kind \"block\": tp 2 at microbatch 1"),
                          HasSubstr("training_memory of layer kind \"embedding\": tp 2 at "
                                    "microbatch 2; tp 4 at microbatch 2"),
                          HasSubstr("profile_model --model toy --tp 2,4 --mbs 1,2")));
  EXPECT_THAT(refusal("varuna", points), HasSubstr("training_memory"));
  EXPECT_THAT(refusal("amp", {export_point(1, 1), export_point(2, 4)}),
              HasSubstr("a point: tp 2 at microbatch 1"));
  EXPECT_THAT(refusal("galvatron", {export_point(1, 1), export_point(4, 1)}),
              HasSubstr("a point: tp 2 at microbatch 1"));
  PointDocument experts = export_point(1, 1);
  experts.kinds[1].operators[7].name = "router";
  EXPECT_THAT(refusal("aceso", {experts}), HasSubstr("no line for operator \"router\""));
  PointDocument half = export_point(1, 1);
  half.key.dtype = half.key.variant = "bf16";
  EXPECT_THAT(refusal("sailor", {half}), HasSubstr("dtype fp32"));
  half.kinds[0].training_memory.reset();
  EXPECT_THAT(refusal("metis", {half}), HasSubstr("training_memory of layer kind \"embedding\""));
  PointDocument nameless = export_point(1, 1);
  nameless.key.gpu = "Z9000";
  EXPECT_THAT(refusal("piper", {nameless}), HasSubstr("Z9000"));
  EXPECT_THAT(message_of([] { exporter_named("ampp"); }, ErrorCode::kUsage),
              HasSubstr("flashflex"));
  EXPECT_THAT(message_of([] {
                ExportInput({export_point(1, 1), export_point(1, 1)}, {});
              }),
              HasSubstr("two points"));
}

TEST_F(ExportValues, EvidenceIsKeptBesideTheFiles) {
  std::vector<PointDocument> points = {export_point(1, 1), export_point(2, 1)};
  points[0].evidence = Evidence::kEstimated;
  points[1].collectives_are_timed = false;
  const ExportReport report = write("amp", points);
  EXPECT_EQ(report.evidence, Evidence::kEstimated);
  EXPECT_THAT(report.notes,
              ElementsAre(HasSubstr("estimated, not measured"), HasSubstr("without timing them")));
  const Json about = json("sextant-export/amp_toy_A100-40.json");
  EXPECT_EQ(about.at("evidence"), "estimated");
  EXPECT_EQ(about.at("notes"), Json(report.notes));
  EXPECT_EQ(about.at("profiles").at(0).at("points").at(1).at("evidence"), "measured-gpu");
}

}  // namespace
}  // namespace sextant
