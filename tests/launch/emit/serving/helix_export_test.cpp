#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/serving/formats/helix_files.h"
#include "tests/launch/emit/serving/small_network.h"
#include "tests/support/reference_data.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::two_pipelines;

std::string helix_text(const ServedNetwork& network, const ServingExportOptions& options) {
  return export_serving(ServingRuntime::kHelix, network, options).files.at("real_sys_config.txt");
}

ErrorCode refusal(const ServedNetwork& network, const ServingExportOptions& options,
                  const std::string& message) {
  try {
    helix_text(network, options);
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(message));
    return error.code();
  }
  return ErrorCode::kInternal;
}

ServingExportOptions small_options() {
  ServingExportOptions options;
  options.host_address = "10.0.0.9";
  options.addresses["A100"] = {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"};
  return options;
}

TEST(HelixExport, IsABlockForTheHostAndEachMachine) {
  EXPECT_EQ(helix_text(two_pipelines(), small_options()),
            "machine_id: 0\nip_address: 10.0.0.9\nin_nodes: 3 4\nout_nodes: 1 2\n"
            "start_layer: -1\nend_layer: -1\n\n"
            "machine_id: 1\nip_address: 10.0.0.1\nin_nodes: 0\nout_nodes: 3 4\n"
            "start_layer: 0\nend_layer: 6\n\n"
            "machine_id: 2\nip_address: 10.0.0.2\nin_nodes: 0\nout_nodes: 3 4\n"
            "start_layer: 0\nend_layer: 6\n\n"
            "machine_id: 3\nip_address: 10.0.0.3\nin_nodes: 1 2\nout_nodes: 0\n"
            "start_layer: 6\nend_layer: 10\n\n"
            "machine_id: 4\nip_address: 10.0.0.4\nin_nodes: 1 2\nout_nodes: 0\n"
            "start_layer: 6\nend_layer: 10\n\n");
}

TEST(HelixExport, NumbersMachinesAsTheClusterDoes) {
  const std::string text =
      helix_text(testing::small_network({{0, 5}, {}, {5, 10}}), small_options());
  EXPECT_THAT(text, HasSubstr("machine_id: 1\nip_address: 10.0.0.1\nin_nodes: 0\nout_nodes: 3\n"));
  EXPECT_THAT(text, HasSubstr("machine_id: 3\nip_address: 10.0.0.2\nin_nodes: 1\nout_nodes: 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("machine_id: 2")));
}

// Neighbours and layers as published for the paper's placement.
TEST(HelixExport, OfThePublishedPlacement) {
  const auto data = reference_data("helix");
  SEXTANT_NEEDS(data);
  const auto folder = data / "placements/single/layout_llama70b/ilp";
  const ServedNetwork network =
      read_helix_network(folder / "simulator_cluster.ini", folder / "ilp_sol.ini",
                         read_helix_profiles(data, "llama70b"));
  ServingExportOptions options;
  options.host_address = "host";
  for (int i = 1; i <= 12; ++i) {
    options.addresses["A100"].push_back("a" + std::to_string(i));
    options.addresses["L4"].push_back("l" + std::to_string(i));
    options.addresses["T4"].push_back("t" + std::to_string(i));
  }
  const std::string text = helix_text(network, options);
  EXPECT_THAT(text, StartsWith("machine_id: 0\nip_address: host\nin_nodes: 5\nout_nodes: 16\n"
                               "start_layer: -1\nend_layer: -1\n\n"
                               "machine_id: 1\nip_address: l1\n"));
  EXPECT_THAT(text, HasSubstr("machine_id: 11\nip_address: a3\nin_nodes: 4 6 22\nout_nodes: 7\n"
                              "start_layer: 60\nend_layer: 68\n\n"));
  EXPECT_THAT(text, HasSubstr("machine_id: 19\nip_address: l6\nin_nodes: 20\nout_nodes: 4 6 22\n"
                              "start_layer: 46\nend_layer: 53\n\n"));
  EXPECT_THAT(text, HasSubstr("machine_id: 24\nip_address: l8\nin_nodes: 21\nout_nodes: 13\n"
                              "start_layer: 26\nend_layer: 33\n\n"));
}

TEST(HelixExport, SaysWhatIsMissing) {
  ServingExportOptions options = small_options();
  options.host_address.clear();
  EXPECT_EQ(refusal(two_pipelines(), options, "host"), ErrorCode::kUsage);
  options = small_options();
  options.addresses["A100"].resize(3);
  EXPECT_EQ(refusal(two_pipelines(), options,
                    "4 machines of type \"A100\" hold layers, addresses are given of 3"),
            ErrorCode::kUsage);
  options.addresses.clear();
  EXPECT_EQ(refusal(two_pipelines(), options, "given of 0"), ErrorCode::kUsage);
}

TEST(HelixExport, LetsNoAddressForgeALine) {
  for (const std::string address : {"10.0.0.1\nmachine_id: 7", "10.0.0.1 10.0.0.2", "", "\x80"}) {
    ServingExportOptions options = small_options();
    options.addresses["A100"][1] = address;
    EXPECT_EQ(refusal(two_pipelines(), options, "expected an address"), ErrorCode::kBadInput);
  }
}

}  // namespace
}  // namespace sextant
