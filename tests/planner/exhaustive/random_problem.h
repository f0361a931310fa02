#pragma once

// Training problems drawn at random, small enough that every plan can be tried.

#include <cstdint>
#include <string>

#include "analyzer/core/random.h"
#include "tests/support/small_problem.h"

namespace sextant::exhaustive {

/// What is drawn of a problem; the rest is drawn always: times, sizes, memory, prices, batch.
struct Shape {
  int least_gpus = 4;
  int most_gpus = 8;
  int least_layers = 3;
  int most_layers = 7;
  int zones = 1;
  int most_degree = 4;
  /// Every GPU type was measured at all degrees and microbatches.
  bool full_profile = false;
  /// Nodes of three GPUs, which two GPUs a replica do not fill.
  bool odd_nodes = false;
  /// Links that are fitted by quadratics, whose times may turn negative; else all links have a
  /// latency and a bandwidth.
  bool quadratics = true;
  /// Links are the same in both directions; else in every second problem.
  bool symmetric = false;
  /// A few pairs of pools without a link.
  bool gaps = true;
};

SmallProblem random_problem(std::uint64_t seed, const Shape& shape);

/// Uniform in [low, high).
double between(Random& random, double low, double high);
/// Uniform in low … high.
int whole_between(Random& random, int low, int high);
bool one_in(Random& random, int chances);

}  // namespace sextant::exhaustive
