// Bad input: what is said, and the exit code.
#include <gmock/gmock.h>

#include "tests/topology/command/topo_files.h"

namespace sextant::testing {
namespace {

using ::testing::HasSubstr;

class TopoRefusals : public ::testing::Test {
 protected:
  /// Asks for the small network and its workload with more options.
  void expect_refused(std::vector<std::string> more, int exit_code, const std::string& message) {
    std::vector<std::string> arguments = {"--network", files_.network, "--workload",
                                          files_.workload};
    arguments.insert(arguments.begin(), more.begin(), more.end());
    expect_refused_as(arguments, exit_code, message);
  }
  void expect_refused_as(std::vector<std::string> arguments, int exit_code,
                         const std::string& message) {
    arguments.insert(arguments.begin(), "topo");
    const ProgramResult result = run_sextant(arguments);
    EXPECT_EQ(result.exit_code, exit_code) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, HasSubstr(message));
  }
  void expect_network_refused(const std::string& text, const std::string& message) {
    const std::string network = files_.write("bad.json", text);
    expect_refused_as({"optimize", "--network", network, "--workload", files_.workload,
                       "--total-gb-per-s", "100"},
                      3, message);
  }
  void expect_workload_refused(const std::string& text, const std::string& message) {
    const std::string workload = files_.write("bad.txt", text);
    expect_refused_as({"optimize", "--network", files_.network, "--workload", workload,
                       "--total-gb-per-s", "100"},
                      3, message);
  }

  TopoFiles files_;
};

TEST_F(TopoRefusals, BudgetsThatAreNone) {
  for (const char* budget : {"0", "-5", "nan", "inf", "1e999", "many"}) {
    expect_refused({"optimize", "--total-gb-per-s", budget}, 2,
                   "expected a number greater than zero");
  }
  expect_refused({"optimize"}, 3, "expected a budget, or constraints that bound every bandwidth");
  expect_network_refused(R"({"total-bandwidth": -1, "npus-count": [4, 8],
    "topology": ["Ring", "Switch"], "network-type": ["Package", "Pod"]})",
                         "/total-bandwidth");
}

TEST_F(TopoRefusals, NetworksThatAreNone) {
  expect_network_refused(R"({"npus-count": [4, 8], "topology": ["Torus", "Switch"],
    "network-type": ["Package", "Pod"]})",
                         "Torus");
  expect_network_refused(R"({"npus-count": [4], "topology": ["Ring", "Switch"],
    "network-type": ["Package", "Pod"]})",
                         "/npus-count");
  expect_refused_as({"optimize", "--network", "LIBRA-5D", "--workload", files_.workload}, 3,
                    "no topology is named \"LIBRA-5D\" (did you mean LIBRA-2D?)");
  expect_refused_as({"optimize", "--network", "absent.json", "--workload", files_.workload}, 3,
                    "absent.json");
}

TEST_F(TopoRefusals, GroupsThatDoNotFit) {
  expect_workload_refused(
      "HYBRID_TRANSFORMER model_parallel_NPU_group: 3\n1\n"
      "a -1 1 NONE 0 1 NONE 0 1 NONE 0 1\n",
      "a model group of 3 NPUs does not divide the 32 of topology \"small\"");
  const std::string odd = files_.write("odd.json", R"({"npus-count": [6, 4],
    "topology": ["Ring", "Switch"], "network-type": ["Package", "Pod"]})");
  expect_refused_as({"optimize", "--network", odd, "--workload", files_.workload}, 3,
                    "group \"model\" of 4 NPUs does not fit dimension 0");
  const std::string communicators =
      files_.write("groups.yml", "Forward: [4, -1]\nInputGrad: [4, -1]\nWeightGrad: [-1, 5]\n");
  expect_refused({"optimize", "--communicators", communicators}, 3,
                 "expected an extent that divides the 8 NPUs of dimension 1, found 5");
  expect_refused_as({"optimize", "--network", files_.network, "--model", "OPT-30B", "--gpu",
                     "A100-80", "--tp", "8", "--dp", "8", "--total-gb-per-s", "9"},
                    3, "topology \"small\" has 32 NPUs");
}

TEST_F(TopoRefusals, WorkloadsThatAreNone) {
  expect_workload_refused("a -1 1 NONE 0 1 NONE 0 1 NONE 0\n", "bad.txt");
  expect_workload_refused("a -1 1 NONE 0 1 NONE 0 1 NONE 0\n", "is missing");
  expect_workload_refused("a -1 1 NONE 0 1 NONE 0 1 NONE 0 1\n", "--model-parallel");
  expect_workload_refused(
      "HYBRID_TRANSFORMER model_parallel_NPU_group: 4\n1\n"
      "a -1 0 NONE 0 0 NONE 0 0 NONE 0 0\n",
      "workload \"bad\" neither computes nor communicates");
  expect_refused({"optimize", "--model-parallel", "8", "--total-gb-per-s", "9"}, 3,
                 "is for a model group of 4 NPUs, not of 8");
  expect_refused_as({"optimize", "--network", files_.network}, 2,
                    "expected --workload FILE or --model NAME");
  expect_refused_as({"optimize", "--network", files_.network, "--model", "OPT-30B"}, 2,
                    "--model needs --gpu");
  expect_refused({"optimize", "--weight", "1,2"}, 2, "--weight is for one workload each");
  expect_refused({"optimize", "--weight", "0"}, 2, "expected a number greater than zero");
}

TEST_F(TopoRefusals, ConstraintsThatConflict) {
  expect_refused({"optimize", "--total-gb-per-s", "100", "--constraint", "B0 + B1 >= 101",
                  "--constraint", "B1 <= 80"},
                 4, "total = 100; B0 + B1 >= 101");
  expect_refused({"optimize", "--constraint", "B0 <= 100"}, 3, "dimension 1");
}

TEST_F(TopoRefusals, ConstraintsThatCannotBeRead) {
  const auto refused = [&](const char* text, const char* message) {
    expect_refused({"optimize", "--total-gb-per-s", "100", "--constraint", text}, 2, message);
  };
  refused("B0 >= B2", "column 7: expected a dimension from B0 to B1, found \"B2\"");
  refused("B0 < 5", "column 4: expected <=, = or >=, found \"<\"");
  refused("B0 = 5 GB", "column 8: expected <=, = or >=, found \"GB\"");
  refused("", "column 1: expected a number or a dimension, as in 2*B0, found the end");
}

TEST_F(TopoRefusals, BandwidthsThatDoNotFit) {
  expect_refused({"evaluate", "--bandwidth", "5,4,3"}, 2,
                 "--bandwidth: expected one for each of the 2 dimensions of \"small\", found 3");
  expect_refused({"evaluate"}, 2, "network \"small\" says no bandwidths: expected --bandwidth");
  for (const char* list : {"5,0", "5,-1", "5,nan", "inf,5", "5,x"}) {
    expect_refused({"evaluate", "--bandwidth", list}, 2, "expected a number greater than zero");
  }
  expect_refused({"evaluate", "--bandwidth", "5,4", "--chunks", "8"}, 2, "add --simulate");
}

TEST_F(TopoRefusals, QuestionsThatContradict) {
  expect_refused({"optimize", "--front", "5", "--simulated"}, 2, "ask one");
  expect_refused({"optimize", "--tier", "Pod"}, 2, "--tier is a part of --search shape");
  expect_refused({"optimize", "--total-gb-per-s", "9", "--search", "shape", "--tier", "Pod:x"}, 2,
                 "--tier \"Pod:x\": expected NAME or NAME:NPUS");
  expect_refused(
      {"optimize", "--total-gb-per-s", "9", "--search", "shape", "--constraint", "B0 = 5"}, 3,
      "constraints are about the dimensions of one network");
  const std::string bare = files_.write("bare.json", R"({"npus-count": [4, 8],
    "topology": ["Ring", "Switch"], "network-type": ["Package", "Pod"]})");
  const auto on_bare = [&](std::vector<std::string> more, int code, const char* message) {
    more.insert(more.begin(), {"optimize", "--network", bare, "--workload", files_.workload,
                               "--total-gb-per-s", "100"});
    expect_refused_as(more, code, message);
  };
  on_bare({"--target", "PerfPerCost"}, 3, "PerfPerCost needs the prices of its tiers");
  on_bare({"--front", "5"}, 2, "--front needs the prices");
  expect_refused({"optimize", "--tp", "8"}, 2, "--tp requires --model");
  expect_refused({"optimize", "--model", "OPT-30B"}, 2, "--workload excludes --model");
  expect_refused({"optimize", "--loop", "Overlapped"}, 2, "Overlapped");
}

}  // namespace
}  // namespace sextant::testing
