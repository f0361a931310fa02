#pragma once

// What the published planner does that a planner written today would not. Everything here decides
// which plans it finds, so a baseline that is to be compared with its published results keeps it.
//
// Not kept, since it only makes plans wrong or depends on earlier calls: plans, zone tables and
// memo entries that survive from one call to the next (plans for GPUs that are gone), a last stage
// that puts one replica into a zone without free GPUs, look-ups past the end of the memory table,
// and times of zero for points that were never measured.

#include <array>
#include <string_view>

namespace sextant::sailor_search {

/// Tensor degrees that it considers, whatever was measured.
inline constexpr std::array kTensorDegrees = {1, 2, 4};

/// H2: the tensor degree climbs as long as each step is this much faster …
inline constexpr double kSpeedupToClimb = 1.5;

/// … but where several GPU types are at hand, the first of them (in alphabetical order) keeps the
/// smallest degree that fits. It then synchronises whole gradients over single-GPU links.
inline constexpr bool kFirstTypeKeepsSmallestDegree = true;

/// … and nothing is climbed where the degree 1 was not measured: the absent time counts as zero,
/// the fastest possible.
inline constexpr bool kUnmeasuredDegreeEndsClimb = true;

/// Bytes of state per parameter in its memory check, whatever the optimizer (Adam's).
inline constexpr double kStateBytesPerParameter = 24;
inline constexpr double kFixedBytesOneGpu = 2.0e9;
inline constexpr double kFixedBytesTensorParallel = 3.0e9;

/// Gradients are all-reduced in buckets of so many bytes (DeepSpeed's constant counts elements).
inline constexpr double kBucketBytes = 5e8;

/// It prices GPUs differently from its simulator. Other types cost what the cluster says.
struct GpuPrice {
  std::string_view gpu;
  double usd_per_hour;
};
inline constexpr std::array kPrices = {GpuPrice{"A100-40", 3.74}, GpuPrice{"V100-16", 2.80},
                                       GpuPrice{"GH-96", 11.06}};

/// Price of gradients between zones of a region, whatever the cluster's table says, and charged to
/// the last stage only: the zones of other stages are not collected.
inline constexpr double kZoneEgressUsdPerByte = 0.01 / 1e9;

/// The slowest link of an all-reduce is remembered as (sender's zone, sender's zone): its time is
/// that of the link inside the zone, even if the slowest link leads to another zone; and always the
/// region's fullest zone, wherever the replicas are.
inline constexpr bool kAllReduceStaysInFirstZone = true;

/// A stage's optimizer step is that of the profiled model times its layers, but only in plans of
/// one stage: pipelines take no time to update.
inline constexpr bool kPipelinesUpdateForFree = true;

/// A split of a stage's replicas among GPU types is not tried if the stage takes exactly as long as
/// with the last split that was. Of all mixed splits only the first that can go on is explored.
inline constexpr bool kSkipSplitsOfEqualTime = true;

/// H5: a remembered rest of a pipeline is taken for any state of the same region with the same
/// total of each type, whichever GPU types were dropped when it was found, and whichever regions
/// were to follow: a rest that did not fit one region alone is not tried with a second one.
inline constexpr bool kMemoForgetsContext = true;

/// Objective cost: only plans of one stage are ever in budget.
inline constexpr bool kCostSearchesOneStage = true;

/// Budgets are rounded to cents, and one of 0.00 means that there is none: a budget that the first
/// stages used up no longer binds the rest.
inline constexpr bool kSpentBudgetIsUnlimited = true;

/// A merged pipeline is held against its budget with an iteration time of zero, so that its egress
/// alone counts.
inline constexpr bool kPipelineBudgetCountsEgressOnly = true;

}  // namespace sextant::sailor_search
