#include "planner/topology/bandwidth_problem.h"

namespace sextant {

BandwidthConstraint total_budget(std::size_t dimensions, double total_bytes_per_s) {
  return {"total", std::vector<double>(dimensions, 1), BandwidthConstraint::Relation::kEqual,
          total_bytes_per_s};
}

}  // namespace sextant
