// Damaged files are read or refused, whatever the damage.
#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/topology/formats/astra_files.h"
#include "analyzer/topology/formats/network_files.h"
#include "analyzer/topology/formats/workload_files.h"
#include "tests/support/project_paths.h"
#include "tests/support/reference_data.h"
#include "tests/support/temporary_folder.h"
#include "tests/topology/formats/refusal.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;

/// Reads copies of a file that were cut off or of which one byte is another.
void damage(const std::filesystem::path& original, const auto& read) {
  constexpr int kCopies = 120;
  const TemporaryFolder folder;
  const std::string text = read_file(original);
  std::mt19937 random(1);
  const auto below = [&](std::size_t end) { return random() % end; };
  int refused = 0;
  for (int copy = 0; copy < kCopies; ++copy) {
    std::string damaged = text;
    if (copy % 4 == 0) {
      damaged.resize(below(text.size()));
    } else {
      constexpr std::string_view kBytes = "0-1:\"[]{},& \n\t\x80*!~.";
      damaged[below(text.size())] = kBytes[below(kBytes.size())];
    }
    try {
      read(folder.write(fmt::format("{}-{}", copy, original.filename().string()), damaged));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput) << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, kCopies / 8) << original;
}

TEST(DamagedFiles, AreReadOrRefused) {
  const auto data = reference_data("libra");
  SEXTANT_NEEDS(data);
  for (const auto& file :
       {data / "optimizer/network/4d.json", data / "libra_release/network/4d_network.yml",
        std::filesystem::path(source_path("profiles/topologies/LIBRA-4D.json"))}) {
    damage(file, [](const auto& path) { read_network_file(path); });
  }
  damage(data / "optimizer/cost/cost.json", [](const auto& path) { read_network_prices(path); });
  damage(data / "libra_release/cost_model/4d_cost_model.yml",
         [](const auto& path) { read_network_prices(path); });
  damage(data / "evaluation/workload/transformer_17B.txt",
         [](const auto& path) { read_workload_text(path); });
  damage(data / "libra_release/communicator/GPT_3_4d.yml", [](const auto& path) {
    Workload workload;
    workload.groups = {{"model", 0}, {"data", 0}};
    read_communicators(path, workload);
  });
  const auto network = data / "evaluation/network/2d.json";
  const auto system = data / "evaluation/system/2d.txt";
  const AstraOverrides overrides = {.units = {{8, 128}}};
  damage(network, [&](const auto& path) { read_simulated_network(path, system, overrides); });
  damage(system, [&](const auto& path) { read_simulated_network(network, path, overrides); });
}

TEST(HostileFiles, AreRefusedSoon) {
  const TemporaryFolder folder;
  const auto message = [&](const std::string& yaml) {
    const auto file = folder.write("net.yml", yaml);
    return refusal(folder.path(), [&] { read_network_file(file); });
  };
  constexpr std::size_t kMany = 100'000;
  EXPECT_THAT(message("Topology: " + std::string(kMany, '[')), HasSubstr("is not valid YAML"));
  EXPECT_THAT(message(std::string(kMany, '-') + " a"), HasSubstr("expected a map"));
  EXPECT_THAT(message("Topology: " + std::string(2 << 20, 'a')), HasSubstr("bytes; at most"));
  std::string laughs = "a0: &a0 [ Ring, Ring, Ring, Ring, Ring, Ring, Ring, Ring, Ring ]\n";
  for (int level = 1; level < 10; ++level) {
    laughs += fmt::format("a{}: &a{} [ ", level, level);
    for (int copy = 0; copy < 9; ++copy) laughs += fmt::format("*a{}, ", level - 1);
    laughs += "Ring ]\n";
  }
  EXPECT_THAT(message(laughs), HasSubstr("holds more than 100000 values"));
}

}  // namespace
}  // namespace sextant
