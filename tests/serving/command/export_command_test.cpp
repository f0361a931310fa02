#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "tests/serving/command/serve_command.h"
#include "tests/support/reference_data.h"
#include "tests/support/schema_check.h"
#include "tests/support/temporary_folder.h"

namespace sextant::testing {
namespace {

using ::testing::HasSubstr;

class ServeExport : public ::testing::Test {
 protected:
  /// Places the model on the shipped cluster once.
  ServeExport() {
    const ProgramResult result = place_mixed({"--method", "swarm", "-o", placement_});
    EXPECT_EQ(result.exit_code, 0) << result.err;
  }

  ProgramResult exported(const std::vector<std::string>& more) {
    return serve(with({"export", "--cluster", kMixedCluster, "--model", kServedModel, "--placement",
                       placement_, "-o", out_},
                      more));
  }

  TemporaryFolder folder_;
  std::string placement_ = folder_.path() / "placement.json";
  std::string out_ = folder_.path() / "out";
};

TEST_F(ServeExport, WritesADocumentOfNodesAndWeights) {
  const ProgramResult result = exported({"--to", "json", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(SchemaCheck("serving_exported").problems(result.out), "");
  EXPECT_THAT(read_file(out_ + "/serving_export.json"), HasSubstr("hall/A100-40/0"));
  const ProgramResult again = exported({"--to", "json"});
  EXPECT_EQ(again.exit_code, 3);
  EXPECT_EQ(exported({"--to", "json", "--force"}).exit_code, 0);
}

TEST_F(ServeExport, SaysWhatItNeeds) {
  EXPECT_EQ(exported({"--to", "vllm"}).exit_code, 2);
  EXPECT_EQ(exported({"--to", "slurm"}).exit_code, 2);
  EXPECT_EQ(exported({"--to", "json", "--host", "x"}).exit_code, 2);
  EXPECT_EQ(exported({"--to", "json", "--gpus", "T4=none"}).exit_code, 2);
  EXPECT_FALSE(std::filesystem::exists(out_));
}

TEST_F(ServeExport, WritesHelixsSystemConfiguration) {
  const auto data = reference_data("helix");
  SEXTANT_NEEDS(data);
  const std::filesystem::path layout = data / "placements/single/layout_llama70b/ilp";
  std::vector<std::string> words = {"export",
                                    "--artifact",
                                    data,
                                    "--model",
                                    "llama70b",
                                    "--network",
                                    layout / "simulator_cluster.ini",
                                    "--placement",
                                    layout / "ilp_sol.ini",
                                    "--to",
                                    "helix",
                                    "--host-address",
                                    "10.0.0.1",
                                    "-o",
                                    out_};
  for (const char* type : {"A100", "L4", "T4"}) {
    for (int i = 2; i < 14; ++i) {
      words.insert(words.end(),
                   {"--address", std::string(type) + "=10.0." + type[0] + "." + std::to_string(i)});
    }
  }
  const ProgramResult result = serve(words);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(read_file(out_ + "/real_sys_config.txt"), HasSubstr("machine_id: 24"));
}

}  // namespace
}  // namespace sextant::testing
