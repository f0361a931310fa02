#pragma once

#include <vector>

#include "analyzer/core/random.h"
#include "planner/training/aceso/primitives.h"

namespace sextant::aceso_search {

/// The published table of what a primitive does to the stage that it is applied to: -1 takes some
/// of the resource away, +1 adds some.
struct Effect {
  Primitive primitive = Primitive::kDecOp;
  int time = 0;
  int memory = 0;
  int gpus = 0;
  int workload = 0;
  int efficiency = 0;
  int communication = 0;
};

/// What to try on the bottleneck, group after group, the order within a group being random. Where
/// it is out of memory all that takes memory away. Otherwise first what relieves the larger of its
/// shares, computing and lost efficiency, without a cost in memory, then what relieves it at such a
/// cost; the same of the smaller share; last the rest.
std::vector<std::vector<Primitive>> action_groups(Relief relief, double efficiency, Random& random);

}  // namespace sextant::aceso_search
