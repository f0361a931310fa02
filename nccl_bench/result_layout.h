#pragma once

#include <cstdint>

#include "nccl_bench/expected_values.h"
#include "nccl_bench/group.h"

namespace sextant::bench {

/// Where a rank's input and result lie in one or two buffers, in elements.
struct ResultLayout {
  std::int64_t input = 0;   ///< elements that the rank gives; 0 = it gives nothing
  std::int64_t result = 0;  ///< elements that it gets; 0 = it gets nothing
  /// In place: of input and result in the one buffer of max(input, result) elements that holds
  /// both.
  std::int64_t input_offset = 0;
  std::int64_t result_offset = 0;
};

/// Of `rank` in a group of `size`, as NCCL's API lays them out.
ResultLayout result_layout(const Operation& operation, int rank, int size);

/// What the result there must be.
ResultRule result_rule(const Operation& operation, int rank, int size, int round);

}  // namespace sextant::bench
