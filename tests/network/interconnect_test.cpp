#include "analyzer/network/interconnect.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/profile/gpu.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;

TEST(Interconnects, AllHaveASourceAndAPlausiblePeak) {
  EXPECT_GE(interconnect_names().size(), 30U);
  for (const std::string& name : interconnect_names()) {
    const Interconnect link = interconnect_named(name);
    EXPECT_EQ(link.name, name) << "the file's name";
    EXPECT_GE(link.peak_bytes_per_s, 0.125e9) << name;
    EXPECT_LE(link.peak_bytes_per_s, 1e12) << name;
    EXPECT_FALSE(link.source.empty()) << name;
    EXPECT_EQ(link.payload_fraction.has_value(), !link.payload_source.empty()) << name;
  }
}

TEST(Interconnects, NoNameMeansTwo) {
  std::map<std::string, std::string> owner;
  for (const std::string& name : interconnect_names()) {
    Interconnect link = interconnect_named(name);
    link.aliases.push_back(name);
    for (std::string alias : link.aliases) {
      EXPECT_EQ(interconnect_named(alias).name, name) << alias;
      EXPECT_TRUE(owner.emplace(alias, name).second) << alias;
    }
  }
}

// Worked by hand from the rates: lanes * rate * coding / 8.
TEST(Interconnects, PeaksFollowFromTheStandards) {
  const auto peak = [](const char* name) {
    return interconnect_named(name).peak_bytes_per_s / 1e9;
  };
  EXPECT_NEAR(peak("PCIe 3.0 x16"), 16 * 8 * 128.0 / 130 / 8, 1e-3);  // 15.75
  EXPECT_NEAR(peak("PCIe Gen5 x8"), 8 * 32 * 128.0 / 130 / 8, 1e-3);  // 31.5
  EXPECT_NEAR(peak("PCIe 6 x16"), 128.0 * 236 / 256, 1e-3);           // 118
  EXPECT_NEAR(peak("InfiniBand QDR"), 4 * 10 * 0.8 / 8, 1e-3);        // 4
  EXPECT_NEAR(peak("FDR"), 4 * 14.0625 * 64 / 66 / 8, 1e-3);          // 6.82
  EXPECT_NEAR(peak("hdr"), 25, 1e-3);
  EXPECT_NEAR(peak("XDR"), 100, 1e-3);
  EXPECT_NEAR(peak("100 GbE"), 12.5, 1e-3);
  EXPECT_NEAR(peak("25 Gb/s Ethernet"), 3.125, 1e-3);
  EXPECT_NEAR(peak("NVLink 2"), 6 * 25, 1e-3);
  EXPECT_NEAR(peak("NVLink-C2C"), 450, 1e-3);
}

TEST(Interconnects, AgreeWithTheGpusDataSheets) {
  const std::map<std::string, std::string> generations = {
      {"V100-16", "NVLink-2"}, {"A100-40", "NVLink-3"},  {"A100-80", "NVLink-3"},
      {"H100-80", "NVLink-4"}, {"H200-141", "NVLink-4"}, {"B200", "NVLink-5"}};
  for (const auto& [gpu, nvlink] : generations) {
    EXPECT_EQ(gpu_named(gpu).nvlink_bytes_per_s, interconnect_named(nvlink).peak_bytes_per_s)
        << gpu;
  }
  EXPECT_NEAR(gpu_named("A100").pcie_bytes_per_s, interconnect_named("PCIe 4").peak_bytes_per_s,
              0.02e9);
}

TEST(Interconnects, SeveralStandSideBySide) {
  EXPECT_NEAR(interconnect_named("8 x NDR").peak_bytes_per_s, 400e9, 1e6);
  EXPECT_EQ(interconnect_named("8 x NDR").name, "8 x InfiniBand-NDR");
  EXPECT_NEAR(interconnect_named("2x100 GbE").peak_bytes_per_s, 25e9, 1e6);
  EXPECT_FALSE(find_interconnect("0 x NDR"));
  EXPECT_FALSE(find_interconnect("NDR x 8"));
  EXPECT_FALSE(find_interconnect(""));
}

TEST(Interconnects, SayWhatIsNotThere) {
  const auto message = [](const char* name) -> std::string {
    try {
      interconnect_named(name);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message("HDRR"), HasSubstr("did you mean"));
  EXPECT_THAT(message("loopback"), HasSubstr("never leave memory"));
  EXPECT_THAT(message("lo"), HasSubstr("never leave memory"));
  const TemporaryFolder folder;
  const auto file = folder.write("x.json", R"({"schema": "sextant/interconnect/1.0", "name": "x",
      "family": "ethernet", "peak_gb_per_s": {"value": 12500000000, "source": "s"}})");
  EXPECT_THROW(read_interconnect(file), Error);
}

}  // namespace
}  // namespace sextant
