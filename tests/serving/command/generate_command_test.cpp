#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "tests/serving/command/serve_command.h"
#include "tests/support/reference_data.h"
#include "tests/support/temporary_folder.h"

namespace sextant::testing {
namespace {

using ::testing::HasSubstr;

TEST(ClusterGenerate, WritesTheArtifactsClusters) {
  const auto data = reference_data("helix");
  SEXTANT_NEEDS(data);
  const TemporaryFolder folder;
  const std::pair<const char*, const char*> clusters[] = {{"helix-single", "single/cluster24.ini"},
                                                          {"helix-geo", "geo/3cluster24.ini"},
                                                          {"helix-42", "highhet/cluster42.ini"}};
  for (const auto& [kind, theirs] : clusters) {
    const std::string ours = folder.path() / "cluster.ini";
    const ProgramResult result = run_sextant({"cluster", "generate", kind, "-o", ours});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(read_file(ours), read_file(data / "clusters" / theirs)) << kind;
    EXPECT_EQ(run_sextant({"cluster", "generate", kind}).out, read_file(ours));
  }
}

TEST(ClusterGenerate, ScalesToOtherNumbersOfMachines) {
  const TemporaryFolder folder;
  const std::string file = folder.path() / "cluster.ini";
  const ProgramResult result =
      run_sextant({"cluster", "generate", "helix-geo", "--nodes", "50", "--seed", "3", "-o", file});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("50 machines, 1325 links"));
  EXPECT_THAT(read_file(file), HasSubstr("total_compute_nodes=50"));
}

TEST(ClusterGenerate, SaysWhatItCannot) {
  EXPECT_EQ(run_sextant({"cluster", "generate", "helix-43"}).exit_code, 2);
  EXPECT_EQ(run_sextant({"cluster", "generate", "helix-42", "--nodes", "0"}).exit_code, 2);
  EXPECT_EQ(run_sextant({"cluster", "generate", "helix-42", "--json"}).exit_code, 2);
}

}  // namespace
}  // namespace sextant::testing
