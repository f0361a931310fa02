#include "reproduce/libra_runs.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "tests/support/reference_data.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kSetups = R"({"runs": [
  {"config_name": "2d_equal_cost", "workloads": ["microAllReduce.txt"], "compute_scale": 0.26,
   "setups": [{"system": "2d.txt", "network": "2d.json", "units_count": [8, 128],
     "links_count": [2, 1], "link_latency_ns": [1, 1], "link_bandwidth_GBps": [25, 50]}]},
  {"config_name": "small_equal", "workloads": ["transformer_17B.txt"], "compute_scale": 0.26,
   "setups": [{"system": "2d.txt", "network": "2d_switch.json", "units_count": [8, 128],
     "links_count": [2, 1], "link_latency_ns": [1, 1], "link_bandwidth_GBps": [25, 50]}]}]})";
constexpr const char* kRecords = R"({"astra_sim": {"full_subset": [], "small": [
  {"config": "small_equal", "workload": "transformer_17B.txt", "links": [2, 1],
   "link_bw": [25.0, 50.0], "step_time_us": 141757.453}]}})";

class LibraRuns : public ::testing::Test {
 protected:
  std::vector<LibraRun> read(const std::string& setups, const std::string& records = kRecords) {
    folder_.write("evaluation/bw_setups.json", setups);
    folder_.write("reference_results.json", records);
    return read_libra_runs(folder_.path());
  }
  TemporaryFolder folder_;
};

TEST_F(LibraRuns, KnowWhatTheyAreAndWhatWasRecorded) {
  const std::vector<LibraRun> runs = read(kSetups);
  ASSERT_EQ(runs.size(), 1U);  // the other asks for a price only
  const LibraRun& run = runs[0];
  EXPECT_TRUE(run.is_small());
  EXPECT_EQ(run.network_name(), "2D");
  EXPECT_EQ(run.workload_name(), "17B");
  EXPECT_THAT(run.npus, ElementsAre(8, 128));
  EXPECT_THAT(run.bandwidth_gb_per_s(), ElementsAre(50, 50));
  EXPECT_THAT(run.recorded_s, ::testing::Optional(DoubleEq(0.141757453)));
}

TEST_F(LibraRuns, RefuseListsThatDifferInLength) {
  std::string broken = kSetups;
  broken.replace(broken.rfind("[25, 50]"), 8, "[25]");
  try {
    read(broken);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_THAT(error.what(), HasSubstr("at \"/runs/1/setups/0\": expected as many"));
  }
}

TEST_F(LibraRuns, AreAllThatTheArtifactHas) {
  const auto data = reference_data("libra");
  SEXTANT_NEEDS(data);
  const std::vector<LibraRun> runs = read_libra_runs(data);
  EXPECT_EQ(runs.size(), 552U + 31U);
  EXPECT_EQ(std::count_if(runs.begin(), runs.end(), [](const auto& run) { return run.is_small(); }),
            31);
  EXPECT_EQ(std::count_if(runs.begin(), runs.end(), [](const auto& run) { return run.recorded_s; }),
            72);
  for (const LibraRun& run : runs) {
    EXPECT_THAT((std::vector<std::string>{"2D", "3D", "4D", "DGX"}),
                ::testing::Contains(run.network_name()));
    EXPECT_THAT((std::vector<std::string>{"17B", "175B", "1T"}),
                ::testing::Contains(run.workload_name()));
  }
}

}  // namespace
}  // namespace sextant
