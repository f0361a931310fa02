#include <numeric>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/json_document.h"
#include "planner/topology/bandwidth_problem.h"
#include "tests/planner/topology/libra_problems.h"
#include "tests/support/reference_data.h"

namespace sextant {
namespace {

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

TEST(DivideBandwidth, FindsEveryRecordedOptimum) {
  const std::filesystem::path data = reference_data("libra");
  SEXTANT_NEEDS(data);
  const JsonDocument recorded = JsonDocument::read(data / "reference_results.json");
  double worst_residual = 0;
  double above = -1;
  double below = 1;
  for (const JsonNode& row : recorded.root().at("optimizer_exact").elements()) {
    const auto target =
        static_cast<BandwidthTarget>(row.at("target").one_of(kBandwidthTargetNames));
    const auto loop = static_cast<TrainingLoop>(row.at("loop").one_of(kTrainingLoopNames));
    const double total = row.at("bw").number() * 1e9;
    const BandwidthDivision division = divide_bandwidth(libra_problem(
        data, row.at("net").string(), row.at("workload").string(), target, loop, total));
    const double gap = division.objective * 1e9 / row.at("objective").number() - 1;
    SCOPED_TRACE(
        fmt::format("{} gap {:.2e} residual {:.1e}", row.raw().dump(), gap, division.kkt_residual));
    EXPECT_LE(gap, 1e-9);
    EXPECT_GE(gap, -1e-6);
    EXPECT_LE(division.kkt_residual, 1e-8);
    EXPECT_LE(division.lower_bound, division.objective);
    EXPECT_GE(division.lower_bound, division.objective * (1 - 1e-9));
    EXPECT_NEAR(sum(division.bandwidth_bytes_per_s) / total, 1, 1e-12);
    worst_residual = std::max(worst_residual, division.kkt_residual);
    above = std::max(above, gap);
    below = std::min(below, gap);
  }
  RecordProperty("worst_residual", fmt::format("{:.1e}", worst_residual));
  std::printf("gap %.2e .. %.2e residual %.2e\n", below, above, worst_residual);
}

}  // namespace
}  // namespace sextant
