#pragma once

#include <memory>
#include <vector>

#include "nccl_bench/group.h"

namespace sextant::bench {

/// Products of square matrices on a rank's device, to run beside a Group's operations. Its run() is
/// called from another thread than the group's, at the same time.
class ComputeLoad {
 public:
  virtual ~ComputeLoad() = default;
  /// Makes matrices of `matrix_size` rows. Throws Error(kBadInput) where memory runs out.
  virtual void prepare(int matrix_size, ElementType type) = 0;
  /// Does so many products one after the other; seconds of each.
  virtual std::vector<double> run(int products) = 0;
};

/// On the CPU, by `threads` threads.
std::unique_ptr<ComputeLoad> open_cpu_load(int threads);

/// The size of a product that takes about `seconds`, from products that are tried; between 64 and
/// 16384, a multiple of 64.
int matrix_size_for(ComputeLoad& load, ElementType type, double seconds);

/// Seconds of each operation and each product.
struct OverlapTimes {
  std::vector<double> compute_alone;
  std::vector<double> compute_together;
  std::vector<double> communication_alone;
  std::vector<double> communication_together;
};

/// The prepared operation of `group` and the prepared products of `load`, each alone and then both
/// at once, `iterations` times; products go on for as long as the operations, and those count that
/// began and ended meanwhile. All ranks of the operation call this together.
OverlapTimes measure_overlap(Group& group, ComputeLoad& load, int iterations);

}  // namespace sextant::bench
