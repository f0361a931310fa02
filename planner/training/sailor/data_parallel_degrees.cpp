#include "planner/training/sailor/data_parallel_degrees.h"

#include <cstdint>

namespace sextant::sailor_search {

int microbatch_count(int global_batch, int microbatch, int replicas) {
  const std::int64_t round = std::int64_t{microbatch} * replicas;
  return static_cast<int>((global_batch + round - 1) / round);
}

std::vector<int> data_parallel_degrees(int global_batch, int microbatch, int most) {
  std::vector<int> degrees;
  int last_count = 0;
  for (int degree = 1; degree <= most; ++degree) {
    const int count = microbatch_count(global_batch, microbatch, degree);
    if (count != last_count) degrees.push_back(degree);
    last_count = count;
  }
  return degrees;
}

}  // namespace sextant::sailor_search
