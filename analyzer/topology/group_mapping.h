#pragma once

#include <span>
#include <vector>

#include "analyzer/topology/topology.h"
#include "analyzer/topology/workload.h"

namespace sextant {

/// How far a group reaches in each dimension of a topology: its NPUs there, 1 where it does not use
/// the dimension. All ones = a group of one NPU, which never communicates.
using GroupShape = std::vector<int>;

/// The product: NPUs of the group.
int group_npus(const GroupShape& shape);

/// LIBRA's rule (SC'22): the model group takes dimensions from the innermost on until its NPUs are
/// spent, the data group from the outermost on; the last that each reaches is shared if it does not
/// use it up. Two shapes, by kModelGroup and kDataGroup. Throws Error(kBadInput) where a size does
/// not divide what is left of a dimension, or `model_npus` times `data_npus` are not the topology's
/// NPUs.
std::vector<GroupShape> map_from_both_ends(const Topology& topology, int model_npus, int data_npus);

/// Groups one after the other from the innermost dimension outwards, each taking up where the last
/// one ended; a dimension may be shared. Throws Error(kBadInput) where the sizes do not multiply to
/// the topology's NPUs or one does not divide what is left of a dimension.
std::vector<GroupShape> map_inside_out(const Topology& topology,
                                       std::span<const ParallelGroup> groups);

/// Throws Error(kBadInput), naming group and dimension, where there is not one shape for each group
/// with one extent for each dimension, an extent does not divide the dimension's NPUs, or a shape
/// has other NPUs than the workload says of its group.
void check(const std::vector<GroupShape>& shapes, const Workload& workload,
           const Topology& topology);

}  // namespace sextant
