#pragma once

#include "analyzer/model/model.h"
#include "analyzer/topology/workload.h"

namespace sextant {

/// How a model is spread over a network's NPUs.
struct Parallelism {
  int tensor = 1;
  int expert = 1;
  int pipeline = 1;
  int data = 1;
  int microbatch = 1;    ///< sequences
  int microbatches = 1;  ///< of each pipeline in a step
  bool recompute = false;
};

}  // namespace sextant
