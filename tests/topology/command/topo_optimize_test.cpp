#include <fmt/format.h>
#include <gmock/gmock.h>

#include "analyzer/core/files.h"
#include "tests/support/reference_data.h"
#include "tests/topology/command/topo_files.h"

namespace sextant::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> artifact_arguments(const std::string& workload) {
  const auto data = reference_data("libra") / "optimizer";
  return {"optimize",
          "--network",
          data / "network/4d.json",
          "--workload",
          data / fmt::format("workload/transformer_{}.txt", workload),
          "--total-gb-per-s",
          "325",
          "--prices",
          data / "cost/cost.json"};
}

// Table VI's commands; the recorded optima.
TEST(TopoOptimize, FindsTheOptimaOfLibrasTable) {
  SEXTANT_NEEDS(reference_data("libra"));
  struct Row {
    const char* workload;
    const char* loop;
    std::vector<double> bandwidth;
    double objective;
  };
  const std::vector<Row> rows = {
      {"175B", "NoOverlap", {137.9852, 120.7370, 58.9136, 7.3642}, 750429561.2},
      {"1T", "NoOverlap", {140.4616, 122.9039, 15.3630, 46.2715}, 230160676.9},
      {"175B", "Overlap", {125.2173, 109.5651, 80.1934, 10.0242}, 720058472.5},
      {"1T", "Overlap", {139.7632, 122.2928, 15.2866, 47.6574}, 207884401.9}};
  for (const Row& row : rows) {
    auto arguments = artifact_arguments(row.workload);
    arguments.insert(arguments.end(), {"--loop", row.loop});
    const auto document = topo_json(arguments);
    const auto& bandwidth = document.at("bandwidth_gb_per_s");
    ASSERT_EQ(bandwidth.size(), row.bandwidth.size());
    for (std::size_t d = 0; d < bandwidth.size(); ++d) {
      EXPECT_NEAR(bandwidth[d].get<double>(), row.bandwidth[d], 1e-4) << row.workload << " " << d;
    }
    EXPECT_NEAR(document.at("objective").get<double>(), row.objective, 0.06);
    EXPECT_LT(document.at("kkt_residual").get<double>(), 1e-8);
    EXPECT_EQ(document.at("objective_unit"), "ns");
  }
}

TEST(TopoOptimize, PrintsThemForPeople) {
  SEXTANT_NEEDS(reference_data("libra"));
  auto arguments = artifact_arguments("175B");
  arguments.insert(arguments.begin(), "topo");
  const ProgramResult result = run_sextant(arguments);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const char* text : {"137.9852", "120.7370", "58.9136", "7.3642", "objective 750429561.2 ns",
                           "the equal split is at 1.04395 times that", "942072 USD"}) {
    EXPECT_THAT(result.out, HasSubstr(text));
  }
}

TEST(TopoOptimize, SolvesTheExampleOfLibrasRelease) {
  SEXTANT_NEEDS(reference_data("libra"));
  const auto data = reference_data("libra") / "libra_release";
  const std::vector<std::string> arguments = {"optimize",
                                              "--network",
                                              data / "network/4d_network.yml",
                                              "--workload",
                                              data / "workload/GPT_3.txt",
                                              "--communicators",
                                              data / "communicator/GPT_3_4d.yml",
                                              "--prices",
                                              data / "cost_model/4d_cost_model.yml",
                                              "--total-gb-per-s",
                                              "1000",
                                              "--constraint",
                                              "B0 = 500",
                                              "--constraint",
                                              "B0 >= B1 >= B2",
                                              "--constraint",
                                              "B2 + B3 = 200"};
  const auto document = topo_json(arguments);
  EXPECT_NEAR(document.at("objective").get<double>(), 708438743.4, 0.1);
  EXPECT_NEAR(document.at("cost_usd").get<double>(), 22.966e6, 1e3);
  EXPECT_EQ(document.at("cost_convention"), "own-links");
  const auto& constraints = document.at("constraints");
  ASSERT_EQ(constraints.size(), 5U);
  EXPECT_EQ(constraints[2].at("constraint"), "B0 >= B1");
  EXPECT_EQ(constraints[2].at("binding"), false);
  EXPECT_EQ(constraints[4].at("binding"), true);
  EXPECT_GT(constraints[4].at("gain_per_gb_per_s").get<double>(), 0);
}

// One group a dimension: bandwidth goes by the roots of (s-1)/P, which are 3/4 and 7/8.
TEST(TopoOptimize, NeedsNoPricesForTime) {
  const TopoFiles files;
  const std::string bare = files.write("bare.json", R"({"total-bandwidth": 100,
    "npus-count": [4, 8], "topology": ["Ring", "Switch"], "network-type": ["Package", "Pod"]})");
  const auto document = topo_json({"optimize", "--network", bare, "--workload", files.workload});
  EXPECT_FALSE(document.contains("cost_usd"));
  const double share = std::sqrt(0.75) / (std::sqrt(0.75) + std::sqrt(0.875));
  EXPECT_NEAR(document.at("bandwidth_gb_per_s")[0].get<double>(), 100 * share, 1e-6);
  EXPECT_EQ(document.at("total_gb_per_s"), 100);
}

TEST(TopoOptimize, WeighsAndNormalisesWorkloads) {
  const TopoFiles files;
  const std::string other = files.write_workload("other.txt", "model_parallel_NPU_group: 32");
  const std::vector<std::string> both = {"optimize",   "--network",        files.network,
                                         "--workload", files.workload,     "--workload",
                                         other,        "--total-gb-per-s", "100"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), both.begin(), both.end());
    return topo_json(more);
  };
  const auto alone = topo_json({"optimize", "--network", files.network, "--workload",
                                files.workload, "--total-gb-per-s", "100"});
  const auto mean = with({});
  const auto first = with({"--weight", "1e6,1"});
  EXPECT_NEAR(first.at("bandwidth_gb_per_s")[0].get<double>(),
              alone.at("bandwidth_gb_per_s")[0].get<double>(), 1e-3);
  EXPECT_NE(mean.at("bandwidth_gb_per_s"), alone.at("bandwidth_gb_per_s"));
  EXPECT_DOUBLE_EQ(mean.at("time_s").get<double>(),
                   (mean.at("workloads")[0].at("time_s").get<double>() +
                    mean.at("workloads")[1].at("time_s").get<double>()) /
                       2);
  const auto normalised = with({"--normalise"});
  EXPECT_EQ(normalised.at("objective_unit"), "ratio");
  EXPECT_GE(normalised.at("objective").get<double>(), 1);
  EXPECT_LT(normalised.at("objective").get<double>(), 1.5);
}

TEST(TopoOptimize, SpendsABudgetOnlyAsFarAsItHelps) {
  const TopoFiles files;
  const std::vector<std::string> arguments = {"optimize",         "--network",    files.network,
                                              "--workload",       files.workload, "--at-most",
                                              "--total-gb-per-s", "100",          "--constraint",
                                              "B0 + B1 >= 40",    "--target",     "PerfPerCost"};
  const auto document = topo_json(arguments);
  const auto& bandwidth = document.at("bandwidth_gb_per_s");
  EXPECT_NEAR(bandwidth[0].get<double>() + bandwidth[1].get<double>(), 40, 1e-6);
  EXPECT_EQ(document.at("constraints")[0].at("constraint"), "total <= 100");
  EXPECT_EQ(document.at("constraints")[0].at("binding"), false);
}

TEST(TopoOptimize, WritesANetworkThatCanBeEvaluated) {
  const TopoFiles files;
  const std::string out = files.path("best.json");
  const std::string plot = files.path("best.svg");
  const auto best = topo_json({"optimize", "--network", files.network, "--workload", files.workload,
                               "--total-gb-per-s", "100", "-o", out, "--plot", plot});
  const auto evaluated = topo_json({"evaluate", "--network", out, "--workload", files.workload});
  EXPECT_EQ(evaluated.at("bandwidth_gb_per_s"), best.at("bandwidth_gb_per_s"));
  EXPECT_EQ(evaluated.at("time_s"), best.at("time_s"));
  EXPECT_EQ(evaluated.at("cost_usd"), best.at("cost_usd"));
  EXPECT_THAT(read_file(plot), HasSubstr("B1 Pod"));
}

TEST(TopoOptimize, WritesWhatItDoesNotUseAsZero) {
  const TopoFiles files;
  const std::string out = files.path("best.json");
  const std::string network = files.write("net.json", R"({"total-bandwidth": 50,
    "npus-count": [4, 8], "topology": ["Ring", "Switch"], "network-type": ["Package", "Pod"]})");
  const auto write_step = [&](const char* name, const char* forward) {
    return files.write(
        name, std::string("HYBRID_TRANSFORMER model_parallel_NPU_group: 4\n1\na -1 1 ") + forward +
                  " 1 NONE 0 1 ALLREDUCE 1000000000 10\n");
  };
  const std::string data_only = write_step("data.txt", "NONE 0");
  const auto best = topo_json({"optimize", "--network", network, "--workload", data_only,
                               "--total-gb-per-s", "100", "-o", out});
  EXPECT_EQ(best.at("bandwidth_gb_per_s"), nlohmann::json({0.0, 100.0}));
  const auto evaluated = topo_json({"evaluate", "--network", out, "--workload", data_only});
  EXPECT_EQ(evaluated.at("time_s"), best.at("time_s"));
  const ProgramResult both = run_sextant({"topo", "evaluate", "--network", out, "--workload",
                                          write_step("both.txt", "ALLREDUCE 1000000000")});
  EXPECT_EQ(both.exit_code, 3);
  EXPECT_THAT(both.err, HasSubstr("a dimension without bandwidth carries traffic"));
}

TEST(TopoOptimize, IsNeverWorseSimulatedThanTheClosedForm) {
  const TopoFiles files;
  const std::vector<std::string> question = {"--network",    files.network,      "--workload",
                                             files.workload, "--total-gb-per-s", "100"};
  auto simulated = question;
  simulated.insert(simulated.begin(), "optimize");
  simulated.insert(simulated.end(), {"--simulated", "--chunks", "16"});
  const auto document = topo_json(simulated);
  EXPECT_EQ(document.at("method"), "simulated");
  EXPECT_LE(document.at("objective").get<double>(), document.at("start_objective").get<double>());
  EXPECT_NEAR(document.at("workloads")[0].at("simulated").at("time_s").get<double>(),
              1e-9 * document.at("objective").get<double>(), 1e-12);
}

TEST(TopoOptimize, LeavesOutWhatWasTimed) {
  const TopoFiles files;
  const std::vector<std::string> arguments = {
      "topo",         "optimize",         "--network", files.network, "--workload",
      files.workload, "--total-gb-per-s", "100",       "--json",      "--no-timing"};
  const ProgramResult result = run_sextant(arguments);
  EXPECT_THAT(result.out, Not(HasSubstr("solve_s")));
  EXPECT_EQ(result.out, run_sextant(arguments).out);
}

}  // namespace
}  // namespace sextant::testing
