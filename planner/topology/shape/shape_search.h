#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/topology/group_mapping.h"
#include "analyzer/topology/network_cost.h"
#include "analyzer/topology/step_time.h"
#include "analyzer/topology/topology.h"
#include "planner/topology/bandwidth_problem.h"

namespace sextant {

/// What one dimension of a network may be made of.
struct ShapeTier {
  std::string name;   ///< what is priced
  int most_npus = 0;  ///< in its dimension; 0 = any number
  /// A switch counts only where the tier has a price for it, or may have nothing else.
  std::vector<BuildingBlock> blocks = {BuildingBlock::kRing, BuildingBlock::kFullyConnected,
                                       BuildingBlock::kSwitch};
  std::optional<double> most_bytes_per_s = {};  ///< of an NPU in its dimension
  bool operator==(const ShapeTier&) const = default;
};

/// Where parallel groups may lie.
enum class GroupPlacement {
  kOrdered,  ///< one after the other from the innermost dimension outwards, in any order
  kAny,      ///< any extents that multiply to each group and to each dimension
};
inline constexpr std::array<std::string_view, 2> kGroupPlacementNames = {"ordered", "any"};
constexpr std::string_view to_string(GroupPlacement placement) {
  return kGroupPlacementNames[static_cast<std::size_t>(placement)];
}

/// Choose a network: how many dimensions, their sizes, blocks and tiers, where the groups lie, and
/// how bandwidth is divided.
struct ShapeProblem {
  std::vector<ParallelGroup> groups;  ///< that NPUs are numbered by; they multiply to all NPUs
  /// The step of groups that lie so (by group). Called more than once for the same shapes.
  std::function<StepTime(const std::vector<GroupShape>&)> time;
  double total_bytes_per_s = 0;  ///< of an NPU in all dimensions, all of which is used
  BandwidthTarget target = BandwidthTarget::kTime;
  NetworkPrices prices;
  CostConvention convention = CostConvention::kSharedLinks;
  /// Innermost first; a dimension is of one tier, and each is used at most once. A tier that may
  /// have two dimensions is listed twice.
  std::vector<ShapeTier> tiers;
  int most_dimensions = 4;
  GroupPlacement placement = GroupPlacement::kOrdered;
  std::size_t keep = 1;  ///< how many of the best are asked for
};

struct NetworkShape {
  Topology topology;
  std::vector<GroupShape> groups;  ///< by ShapeProblem::groups
  BandwidthDivision division;
};

struct ShapeSearch {
  std::vector<NetworkShape> best;  ///< the best first; fewer than asked where there are no more
  std::size_t evaluated = 0;       ///< shapes whose bandwidth was divided
  std::size_t pruned = 0;          ///< shapes that a lower bound excludes from the best
  double lower_bound = 0;          ///< no shape has a smaller objective
};

/// Beyond it a search is refused rather than begun.
inline constexpr std::size_t kMostShapes = 200'000;

/// The best of all shapes, exactly: each is either divided by divide_bandwidth() or has a lower
/// bound above the last of the best. Blocks are not searched: time does not depend on them, and a
/// network costs no more with a cheaper one under the same bandwidths, so that every tier has its
/// cheapest. LIBRA's mapping from both ends is the ordered one of the model group before the data
/// group.
///
/// Objectives within 1e-9 of each other count as equal; the cheaper network is better then, and of
/// equally cheap ones that of fewer dimensions, then the first in the lexicographic order of sizes,
/// of tiers as they are listed, and of the groups' extents.
///
/// Throws Error(kInfeasible) naming what binds (the tiers' sizes, the dimensions, the groups, the
/// tiers' bandwidth) where there is no shape, and Error(kBadInput) where counts or prices are
/// missing or contradictory, or there are more than kMostShapes.
ShapeSearch search_shape(const ShapeProblem& problem);

}  // namespace sextant
