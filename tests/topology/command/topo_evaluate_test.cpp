#include <gmock/gmock.h>

#include "tests/support/reference_data.h"
#include "tests/topology/command/topo_files.h"

namespace sextant::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The all-reduces send 2 GB x 3/4 into the ring and 2 GB x 7/8 into the switch.
TEST(TopoEvaluate, AddsUpWhatAStepTakes) {
  const TopoFiles files;
  const auto document = topo_json({"evaluate", "--network", files.network, "--workload",
                                   files.workload, "--bandwidth", "50,25"});
  EXPECT_DOUBLE_EQ(document.at("time_s").get<double>(), 0.012 + 0.03 + 0.07);
  const auto& workload = document.at("workloads")[0];
  EXPECT_DOUBLE_EQ(workload.at("compute_s").get<double>(), 0.012);
  EXPECT_DOUBLE_EQ(workload.at("groups")[0].at("exposed_s").get<double>(), 0.03);
  EXPECT_DOUBLE_EQ(workload.at("groups")[1].at("exposed_s").get<double>(), 0.07);
  EXPECT_EQ(workload.at("groups")[1].at("sent_bytes"), nlohmann::json({0.0, 1.75e9}));
  EXPECT_NEAR(workload.at("utilisation")[0].get<double>(), 0.3, 1e-12);
  // A ring's links are shared by their ends: 32 NPUs x (50 x 4 / 2 + 25 x (8 + 18 + 30)).
  EXPECT_DOUBLE_EQ(document.at("cost_usd").get<double>(), 32 * (100 + 1400));
  EXPECT_EQ(document.at("dimensions")[1].at("bottleneck_of"), nlohmann::json({"data"}));
}

TEST(TopoEvaluate, CountsLinksByTheConvention) {
  const TopoFiles files;
  const auto document =
      topo_json({"evaluate", "--network", files.network, "--workload", files.workload,
                 "--bandwidth", "50,25", "--cost-convention", "own-links"});
  EXPECT_DOUBLE_EQ(document.at("cost_usd").get<double>(), 32 * (200 + 1400));
}

TEST(TopoEvaluate, TakesTheModelGroupWhereTheFileDoesNotSay) {
  const TopoFiles files;
  const std::string open = files.write(
      "open.txt",
      "layer -1 4000000 ALLREDUCE 1000000000 4000000 NONE 0 4000000 ALLREDUCE 1000000000 10\n");
  const auto document = topo_json({"evaluate", "--network", files.network, "--workload", open,
                                   "--bandwidth", "50,25", "--model-parallel", "4"});
  EXPECT_DOUBLE_EQ(document.at("time_s").get<double>(), 0.112);
}

TEST(TopoEvaluate, SimulatesChunkByChunk) {
  const TopoFiles files;
  const auto document = topo_json({"evaluate", "--network", files.network, "--workload",
                                   files.workload, "--bandwidth", "50,25", "--simulate", "--route",
                                   "themis", "--scheduling", "fifo"});
  const double simulated = document.at("workloads")[0].at("simulated").at("time_s");
  EXPECT_GT(simulated, 0.112);
  EXPECT_LT(simulated, 0.113);
}

// Run 2D EqualBW at 100 GB/s of the recorded evaluation: 141757.5 us.
TEST(TopoEvaluate, RepeatsARecordedRunOfAstraSim) {
  SEXTANT_NEEDS(reference_data("libra"));
  const auto data = reference_data("libra") / "evaluation";
  const auto document =
      topo_json({"evaluate", "--network", data / "network/2d.json", "--workload",
                 data / "workload/transformer_17B.txt", "--astra-system", data / "system/2d.txt",
                 "--units", "8,128", "--links", "2,1", "--link-bandwidth", "25,50",
                 "--link-latency", "1,1", "--compute-scale", "0.26"});
  const double step_s = document.at("workloads")[0].at("simulated").at("time_s");
  EXPECT_NEAR(step_s, 141757.5e-6, 1e-5 * 0.14);
}

TEST(TopoEvaluate, TimesAGeneratedWorkload) {
  const auto arguments = [](const std::string& order) {
    return std::vector<std::string>{
        "evaluate", "--network", "LIBRA-2D", "--model",     "OPT-30B", "--gpu",
        "A100-80",  "--tp",      "8",        "--pp",        "4",       "--microbatches",
        "16",       "--order",   order,      "--bandwidth", "100,25"};
  };
  const auto near = topo_json(arguments("tensor,data,pipeline"));
  const auto far = topo_json(arguments("data,pipeline,tensor"));
  EXPECT_EQ(near.at("workloads")[0].at("groups")[0].at("shape"), nlohmann::json({8, 1}));
  EXPECT_LT(near.at("time_s").get<double>(), far.at("time_s").get<double>());
}

TEST(TopoEvaluate, PrintsATableForPeople) {
  const TopoFiles files;
  const ProgramResult result = run_sextant({"topo", "evaluate", "--network", files.network,
                                            "--workload", files.workload, "--bandwidth", "50,25"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("112.0000 ms  12.0000 ms  model 30.0000 ms, data 70.0000 ms"));
  EXPECT_THAT(result.out, HasSubstr("48000 USD (shared-links)"));
}

}  // namespace
}  // namespace sextant::testing
