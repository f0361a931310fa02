#pragma once

#include <string>
#include <string_view>

#include "analyzer/serving/serving_cluster.h"

namespace sextant {

/// The machines of one type and the links between them and to the coordinator, in the cluster's
/// order. Names stay. Throws Error(kBadInput) naming the types that there are.
ServingCluster machines_of_one_type(const ServingCluster& cluster, std::string_view type);

/// Which links a planner looks at: the fastest of each end.
struct LinkPruning {
  int min_keep = 12;  ///< the fastest links of an end that stay
  int max_keep = 12;  ///< links of an end that stay if they are fast enough
  double keep_bytes_per_s = 1;
};

/// As Helix's artifact prunes before it solves: a link between machines stays where it is one of
/// those that either end keeps, a link of the coordinator where the coordinator keeps it. Of equal
/// links the later name stays.
ServingCluster pruned_cluster(const ServingCluster& cluster, const LinkPruning& pruning);
/// The comments before the pruned file, which say what it was made of.
std::string pruned_heading(const LinkPruning& pruning, std::string_view original_name,
                           std::string_view original_heading);

}  // namespace sextant
