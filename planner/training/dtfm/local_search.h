#pragma once

#include "planner/training/dtfm/placement.h"

namespace sextant::dtfm {

/// Cyclic partitioning (a local search in the manner of Kernighan and Lin): a device moves to
/// another partition, one of that moves on, and so forth, each device once, whichever gains most;
/// the moves up to the best point at which all partitions have their size again are kept. A device
/// gains the mean cost of its links to where it goes, and loses that of its best link where it was.
/// Afterwards partitions list their devices by number, unless nothing moved.
void improve(const Devices& devices, Placement& placement);

}  // namespace sextant::dtfm
