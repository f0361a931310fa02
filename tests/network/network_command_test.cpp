#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/json_document.h"
#include "tests/cli/run_program.h"
#include "tests/support/project_paths.h"
#include "tests/support/reference_data.h"
#include "tests/support/temporary_folder.h"

namespace sextant::testing {
namespace {

using ::testing::HasSubstr;

const std::string kTwoTypes = sextant::source_path("profiles/clusters/two-types.json");

// A link of 10 us and 12.5 GB/s, the slower of the two: 12.5 MB take 10 us + 1 ms.
TEST(NetworkShow, PredictsTransfers) {
  const ProgramResult result =
      run_sextant({"network", "show", kTwoTypes, "--from", "4xA100-40@hall", "--to",
                   "4xV100-16@hall", "--bytes", "1,12500000", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto document = nlohmann::json::parse(result.out);
  EXPECT_EQ(document.at("schema"), "sextant/predictions/1.0");
  const auto& rows = document.at("predictions");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[1].at("bytes"), 12'500'000);
  EXPECT_DOUBLE_EQ(rows[1].at("time_s").get<double>(), 1.01e-3);
  EXPECT_EQ(rows[1].at("extrapolated"), false);
}

TEST(NetworkShow, NeedsNoChoiceWhereThereIsOneLink) {
  const TemporaryFolder folder;
  const std::string file = folder.write("net.json", R"({
    "schema": "sextant/network/1.0", "name": "one", "levels": [{"level": "between_nodes", "links": [
      {"evidence": "measured-cpu", "source": "x", "valid_bytes": [1000, 1000000],
       "model": {"kind": "latency_bandwidth", "latency_s": 1e-3, "bandwidth_bytes_per_s": 1e9}}]}]})");
  const ProgramResult result =
      run_sextant({"network", "show", file, "--bytes", "1,1000,1e6,1000001", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto document = nlohmann::json::parse(result.out);
  std::vector<bool> extrapolated;
  for (const auto& row : document.at("predictions")) {
    extrapolated.push_back(row.at("extrapolated"));
  }
  EXPECT_EQ(extrapolated, (std::vector<bool>{true, false, false, true}));
}

TEST(NetworkShow, ListsTheLinks) {
  const ProgramResult text = run_sextant({"network", "show", kTwoTypes});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("InfiniBand EDR"));
  EXPECT_THAT(text.out, HasSubstr("estimated"));
  const ProgramResult json = run_sextant({"network", "show", kTwoTypes, "--json"});
  EXPECT_EQ(nlohmann::json::parse(json.out).at("links").size(), 4U);
}

TEST(NetworkShow, RefusesWithTheRightCode) {
  const auto code = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"network", "show"});
    const ProgramResult result = run_sextant(arguments);
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, HasSubstr("error"));
    return result.exit_code;
  };
  EXPECT_EQ(code({}), 2);
  EXPECT_EQ(code({kTwoTypes, "--bytes", "1000"}), 2);  // several links
  EXPECT_EQ(code({kTwoTypes, "--from", "4xA100-40@hall", "--bytes", "0"}), 2);
  EXPECT_EQ(code({kTwoTypes, "--from", "4xA100-40@hall", "--bytes", "64MB"}), 2);
  EXPECT_EQ(code({kTwoTypes, "--from", "A100-40@hall", "--bytes", "1"}), 2);
  EXPECT_EQ(code({kTwoTypes, "--to", "4xA100-40@hall", "--bytes", "1"}), 2);
  EXPECT_EQ(code({kTwoTypes, "--from", "4xA100-40@hall"}), 2);
  EXPECT_EQ(
      code({kTwoTypes, "--from", "4xA100-40@attic", "--to", "4xA100-40@hall", "--bytes", "1"}), 3);
  EXPECT_EQ(code({"absent.json"}), 3);
}

// The published fit is negative below 7.5 KB; that is an error, never a time.
TEST(NetworkShow, PredictsNoNegativeTime) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  const ProgramResult bad = run_sextant(
      {"network", "show", data, "--from", "1xA100-40@us-central1-a", "--bytes", "7000"});
  EXPECT_EQ(bad.exit_code, 3);
  EXPECT_THAT(bad.err, HasSubstr("holds from 65536 to 1073741824 bytes"));
  const ProgramResult good = run_sextant({"network", "show", "--artifact", data, "--from",
                                          "1xA100-40@us-central1-a", "--bytes", "64e6", "--json"});
  ASSERT_EQ(good.exit_code, 0) << good.err;
  EXPECT_NEAR(nlohmann::json::parse(good.out).at("predictions")[0].at("time_s").get<double>(),
              0.064 / 1.8741079287, 1e-9);
}

}  // namespace
}  // namespace sextant::testing
