#include "analyzer/network/sailor_network.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "tests/support/reference_data.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

constexpr const char* kFile = "sailor/providers/multizone_bandwidths_het.json";

std::shared_ptr<const Network> network_of(const TemporaryFolder& folder, std::string_view text) {
  folder.write(kFile, text);
  return read_sailor_network(folder.path());
}

// One entry per direction. At 64 MB, x = log2(64) = 6: 1 + 0.5*6 - 0.01*36 = 3.64 GB/s.
TEST(SailorNetwork, FindsADirectedLinkByZoneTypeAndCount) {
  const TemporaryFolder folder;
  const auto network = network_of(
      folder, R"({"a": {"A100-40": {"4": {"b": {"V100-16": {"2": [[-0.01, 0.5, 1], 4e9]}}}}}})");
  const LinkModel link = network->between({"a", "A100-40", 4}, {"b", "V100-16", 2});
  EXPECT_NEAR(link.transfer_s(64e6), 0.064 / 3.64, 1e-15);
  EXPECT_EQ(link.peak_bytes_per_s(), 4e9);
  EXPECT_THROW(network->between({"b", "V100-16", 2}, {"a", "A100-40", 4}), Error);
}

TEST(SailorNetwork, NamesBothEndsOfAnUnknownLink) {
  const TemporaryFolder folder;
  const auto network = network_of(
      folder, R"({"a": {"A100-40": {"4": {"b": {"V100-16": {"2": [[0, 0, 1], 4e9]}}}}}})");
  for (const LinkEnd& to :
       {LinkEnd{"nowhere", "V100-16", 2}, LinkEnd{"b", "H100", 2}, LinkEnd{"b", "V100-16", 8},
        LinkEnd{"b", "V100-16", -1}, LinkEnd{"b", "V100-16", 2'000'000'000}}) {
    try {
      network->between({"a", "A100-40", 4}, to);
      FAIL() << "expected an error";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      EXPECT_THAT(error.what(), testing::HasSubstr("A100-40"));
      EXPECT_THAT(error.what(), testing::HasSubstr(std::string(to.zone)));
    }
  }
}

TEST(SailorNetwork, RefusesMalformedEntriesWithTheirPlace) {
  const TemporaryFolder folder;
  const auto refuses = [&](const char* count, const char* entry, const char* message) {
    const std::string text =
        std::string(R"({"a": {"G": {"1": {"b": {"G": {")") + count + "\": " + entry + "}}}}}}";
    try {
      network_of(folder, text);
      FAIL() << "expected an error for " << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      EXPECT_THAT(error.what(), testing::HasSubstr("/a/G/1/b/G"));
      EXPECT_THAT(error.what(), testing::HasSubstr(message));
    }
  };
  refuses("1", "[[1, 2], 4e9]", "three coefficients");
  refuses("1", "[[1, 2, 3]]", "largest bytes/s");
  refuses("1", "[[1, 2, \"3\"], 4e9]", "number");
  refuses("1", "[[1, 2, 3], 0]", "greater than zero");
  refuses("1", "[[1, 2, 3], -4e9]", "greater than zero");
  refuses("1", "[[1, 2, 3], 4]", "GB/s");
  refuses("1", "[[1, 2, 3], 4e15]", "10 TB/s");
  refuses("0", "[[1, 2, 3], 4e9]", "number of GPUs");
  refuses("x", "[[1, 2, 3], 4e9]", "number of GPUs");
  refuses("99999999999", "[[1, 2, 3], 4e9]", "number of GPUs");
  EXPECT_THROW(network_of(folder, "[]"), Error);
  EXPECT_THROW(read_sailor_network(folder.path() / "absent"), Error);
}

// The published figures of 64 MB messages (x = 6), GB/s.
TEST(SailorNetwork, GivesThePublishedBandwidths) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  const auto network = read_sailor_network(data);
  const auto gb_per_s = [&](const char* gpu, int count, const char* to = "us-central1-a") {
    return 0.064 /
           network->between({"us-central1-a", gpu, count}, {to, gpu, count}).transfer_s(64e6);
  };
  EXPECT_NEAR(gb_per_s("A100-40", 1), 1.8741079287, 1e-9);
  EXPECT_NEAR(gb_per_s("A100-40", 4), 6.1027878547, 1e-9);
  EXPECT_NEAR(gb_per_s("V100-16", 4), 5.0834293349, 1e-9);
  EXPECT_NEAR(gb_per_s("GH-96", 4), 90.27712523, 1e-7);
  EXPECT_NEAR(gb_per_s("A100-40", 4, "us-west1-b"), 0.6982196398, 1e-9);
  // Different types: the slower of the two, here V100.
  EXPECT_EQ(network->between({"us-central1-a", "A100-40", 4}, {"us-central1-a", "V100-16", 4}),
            network->between({"us-central1-a", "V100-16", 4}, {"us-central1-a", "V100-16", 4}));
  // The fit turns negative below 7.5 KB; the published formula has no clamp.
  EXPECT_LT(gb_per_s("A100-40", 1), 2);
  const LinkModel link =
      network->between({"us-central1-a", "A100-40", 1}, {"us-central1-a", "A100-40", 1});
  EXPECT_LT(link.transfer_s(7e3), 0);
  EXPECT_GT(link.transfer_s(8e3), 0);
  EXPECT_TRUE(link.extrapolates(8e3));
  EXPECT_FALSE(link.extrapolates(64e6));
}

// A planner's set-up asks some 10^5 times; this guards against a look-up that copies or scans.
TEST(SailorNetwork, AnswersAHundredThousandTimesWellUnderASecond) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  const auto network = read_sailor_network(data);
  const auto start = std::chrono::steady_clock::now();
  double sum = 0;
  for (int i = 0; i < 100'000; ++i) {
    sum += network->between({"us-west1-b", "V100-16", 4}, {"us-central1-f", "A100-40", 4})
               .peak_bytes_per_s();
  }
  EXPECT_GT(sum, 0);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(500));
}

}  // namespace
}  // namespace sextant
