// Files of Helix's forms that something befell: each is read or refused.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "analyzer/core/random.h"
#include "analyzer/serving/formats/helix_files.h"
#include "tests/serving/formats/small_helix_files.h"
#include "tests/support/reference_data.h"
#include "tests/support/temporary_folder.h"
#include "tests/topology/formats/refusal.h"

namespace sextant {
namespace {

using testing::kCluster;
using testing::kNetwork;
using testing::kProfiles;
using testing::kSolution;
using testing::three_layers;

class DamagedHelixFiles : public ::testing::Test {
 protected:
  const TemporaryFolder folder_;
  const std::filesystem::path profiles_ = folder_.write("machines.ini", kProfiles);
};

TEST_F(DamagedHelixFiles, TruncatedFiles) {
  constexpr std::size_t kStep = 5;
  const auto solution_file = folder_.write("s.ini", kSolution);
  for (std::size_t length = 0; length + 1 < kCluster.size(); length += kStep) {
    const auto file = folder_.write("c.ini", kCluster.substr(0, length));
    EXPECT_NE(refusal(folder_.path(), [&] { read_helix_cluster(file, profiles_); }), "no error")
        << length;
  }
  for (std::size_t length = 0; length + 1 < kNetwork.size(); length += kStep) {
    const auto file = folder_.write("n.ini", kNetwork.substr(0, length));
    EXPECT_NE(
        refusal(folder_.path(), [&] { read_helix_network(file, solution_file, three_layers()); }),
        "no error")
        << length;
  }
}

TEST_F(DamagedHelixFiles, ChangedFiles) {
  const auto data = reference_data("helix");
  SEXTANT_NEEDS(data);
  const ServingProfiles profiles = read_helix_profiles(data, "llama30b");
  const auto layout = data / "placements/geo/layout_llama30b/ilp/a100";
  const std::string cluster_text = read_file(data / "clusters/geo/a100.ini");
  const std::string solution_text = read_file(layout / "ilp_sol.ini");
  const std::string network_text = read_file(layout / "simulator_cluster.ini");
  constexpr std::string_view kBytes = "[]=*,'\"\n\r#;-+.0123456789eE \tnainfcompute_nodLk\\\x80\0";
  Random random(20'261'122);
  const auto damage = [&](std::string text) {
    for (std::uint64_t changes = 1 + random.below(4); changes-- > 0;) {
      const std::size_t at = random.below(text.size());
      switch (random.below(4)) {
        case 0:
          text.resize(at);
          text += ' ';
          break;
        case 1:
          text.erase(at, 1 + random.below(40));
          text += ' ';
          break;
        case 2:
          text.insert(at, text.substr(random.below(text.size()), random.below(60)));
          break;
        default:
          text[at] = kBytes[random.below(kBytes.size())];
      }
    }
    return text;
  };
  int refused = 0;
  const auto attempt = [&](const auto& read) {
    try {
      read();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput) << error.what();
      ++refused;
    }
  };
  constexpr int kRounds = 100;
  for (int round = 0; round < kRounds; ++round) {
    const auto cluster_file = folder_.write("c.ini", damage(cluster_text));
    attempt([&] { read_helix_cluster(cluster_file, profiles_); });
    const auto solution_file = folder_.write("s.ini", damage(solution_text));
    attempt([&] { read_helix_placement(solution_file, 4); });
    const auto network_file = folder_.write("n.ini", damage(network_text));
    attempt([&] { read_helix_network(network_file, layout / "ilp_sol.ini", profiles); });
    attempt([&] { read_helix_network(layout / "simulator_cluster.ini", solution_file, profiles); });
  }
  // Most of what is changed matters.
  EXPECT_GT(refused, 2 * kRounds);
}

}  // namespace
}  // namespace sextant
