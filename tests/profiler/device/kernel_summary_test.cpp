#include "profiler/device/kernel_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sextant::profiler {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::int64_t kStart = 1'000'000'000;

/// [begin, end) in microseconds after kStart.
KernelRecord kernel(std::string name, std::int64_t begin, std::int64_t end, std::uint64_t place) {
  return {std::move(name), kStart + begin * 1000, kStart + end * 1000, place, {}, {}};
}

const KernelPhase kForward{"block", "forward"};
const KernelPhase kBackward{"block", "backward"};

std::vector<std::string> names(const std::vector<KernelProfile>& kernels) {
  std::vector<std::string> out;
  for (const KernelProfile& kernel : kernels) out.push_back(kernel.phase + " " + kernel.name);
  return out;
}

//   stream 1   |aaaa|    |bb|        busy 4 + 2 + 3, gap 2 + 1
//   stream 2   .aa.      .  . |ccc|
TEST(KernelSummary, BusyIsTheUnionOfIntervalsAndGapIsTheRest) {
  const KernelReport report = summarize_kernels({kernel("c", 19, 22, 7), kernel("a", 10, 14, 7),
                                                 kernel("a", 11, 13, 7), kernel("b", 16, 18, 7)},
                                                {{7, {kForward, 0}}}, {{kForward, {3e-6, 12e-6}}});
  const LayerKernels& block = report.layers.at("block");
  ASSERT_EQ(block.summaries.size(), 1U);
  EXPECT_EQ(block.summaries[0].phase, "forward");
  EXPECT_NEAR(block.summaries[0].busy_s, 9e-6, 1e-12);
  EXPECT_NEAR(block.summaries[0].gap_s, 3e-6, 1e-12);
  EXPECT_DOUBLE_EQ(block.summaries[0].roofline_fraction, 0.25);
  // Times of kernels are their own, overlapping or not; the longest comes first.
  EXPECT_THAT(names(block.kernels), ElementsAre("forward a", "forward c", "forward b"));
  EXPECT_EQ(block.kernels[0].calls, 2);
  EXPECT_NEAR(block.kernels[0].total_s, 6e-6, 1e-12);
}

TEST(KernelSummary, KernelsThatTouchHaveNoGapAndAKernelInsideAnotherAddsNothing) {
  const KernelReport report = summarize_kernels(
      {kernel("long", 0, 10, 1), kernel("inside", 2, 3, 1), kernel("next", 10, 12, 1)},
      {{1, {kForward, 0}}}, {});
  const KernelSummary& summary = report.layers.at("block").summaries.at(0);
  EXPECT_NEAR(summary.busy_s, 12e-6, 1e-12);
  EXPECT_NEAR(summary.gap_s, 0, 1e-12);
  EXPECT_EQ(summary.roofline_fraction, 0) << "nothing to compare with";
}

/// Three iterations: one is disturbed, and one runs a kernel (a search for an algorithm, say) that
/// the others do not.
TEST(KernelSummary, GivesMediansOverIterations) {
  std::vector<KernelRecord> records;
  for (int iteration = 0; iteration < 3; ++iteration) {
    const std::int64_t at = 100 * iteration;
    const std::uint64_t place = static_cast<std::uint64_t>(iteration) + 1;
    const int length = iteration == 1 ? 40 : 10;
    records.push_back(kernel("gemm", at, at + length, place));
    records.push_back(kernel("gemm", at + 50, at + 60, place));
    if (iteration == 0) records.push_back(kernel("search", at + 60, at + 90, place));
  }
  const KernelReport report =
      summarize_kernels(records, {{1, {kForward, 0}}, {2, {kForward, 1}}, {3, {kForward, 2}}}, {});
  const LayerKernels& block = report.layers.at("block");
  EXPECT_THAT(names(block.kernels), ElementsAre("forward gemm"));
  EXPECT_EQ(block.kernels[0].calls, 2);
  EXPECT_NEAR(block.kernels[0].total_s, 20e-6, 1e-12);   // 20, 50, 20
  EXPECT_NEAR(block.summaries[0].busy_s, 50e-6, 1e-12);  // 50, 50, 20
  EXPECT_NEAR(block.summaries[0].gap_s, 40e-6, 1e-12);   // 40, 10, 40
}

TEST(KernelSummary, PlacesOfOnePhaseAreOnePassAndPhasesAndKindsAreApart) {
  const KernelReport report = summarize_kernels(
      {kernel("norm", 0, 1, 1), kernel("gemm", 2, 4, 2), kernel("gemm_bwd", 9, 12, 3),
       kernel("adam", 20, 21, 4), kernel("lookup", 30, 31, 5)},
      {{1, {kForward, 0}},
       {2, {kForward, 0}},
       {3, {kBackward, 0}},
       {4, {{"block", "update"}, 0}},
       {5, {{"embedding", "forward"}, 0}}},
      {});
  const LayerKernels& block = report.layers.at("block");
  EXPECT_THAT(names(block.kernels),
              ElementsAre("forward gemm", "forward norm", "backward gemm_bwd", "update adam"));
  ASSERT_EQ(block.summaries.size(), 3U);
  EXPECT_NEAR(block.summaries[0].busy_s, 3e-6, 1e-12);
  EXPECT_NEAR(block.summaries[0].gap_s, 1e-6, 1e-12);
  EXPECT_EQ(block.summaries[1].phase, "backward");
  EXPECT_EQ(block.summaries[2].phase, "update");
  EXPECT_THAT(names(report.layers.at("embedding").kernels), ElementsAre("forward lookup"));
}

TEST(KernelSummary, CountsWhatHasNoPlaceOrNoTime) {
  KernelRecord untimed = kernel("a", 0, 1, 1);
  untimed.start_ns = untimed.end_ns = 0;
  KernelRecord running = kernel("b", 5, 0, 1);
  running.end_ns = 0;
  const KernelReport report =
      summarize_kernels({untimed, running, kernel("warm-up", 0, 1, 0), kernel("stray", 0, 1, 99)},
                        {{1, {kForward, 0}}}, {});
  EXPECT_EQ(report.untimed, 2);
  EXPECT_EQ(report.unplaced, 2);
  EXPECT_THAT(report.layers, IsEmpty());
}

}  // namespace
}  // namespace sextant::profiler
