#pragma once

#include <vector>

namespace sextant::sailor_search {

/// Microbatches that each of `replicas` pipelines runs: ceil(global_batch / (microbatch *
/// replicas)).
int microbatch_count(int global_batch, int microbatch, int replicas);

/// H3: of the degrees 1 … most, the smallest of each number of microbatches; ascending.
std::vector<int> data_parallel_degrees(int global_batch, int microbatch, int most);

}  // namespace sextant::sailor_search
