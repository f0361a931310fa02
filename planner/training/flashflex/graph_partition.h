#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace sextant::flashflex {

/// Whether Sextant was built with METIS, and so can cut graphs.
bool can_cut_graphs();

/// Of a METIS whose indices have so many bits (32 or 64); 0 without METIS.
int metis_index_bits();

/// A graph in which all are joined to all, with weights, laid out for METIS once and cut often.
/// METIS sums weights in its index type, at times twice the sum. Where they would not fit, vertex
/// or edge weights are halved, all alike, until they do: what is lost are low bits.
class CompleteGraph {
 public:
  CompleteGraph(const std::vector<std::int64_t>& vertex_weights,
                const std::function<std::int64_t(int, int)>& edge_weight);
  ~CompleteGraph();
  CompleteGraph(CompleteGraph&&) noexcept;
  CompleteGraph& operator=(CompleteGraph&&) noexcept;

  /// By vertex, its part: 0, 1, … without gaps, at most `parts`. By recursive bisection up to 8
  /// parts and k-way above, as pymetis has it, with contiguous parts. `seed` < 0 is METIS's own.
  /// One answer for a seed: METIS draws from the C library's rand(), which is seeded anew here, so
  /// that threads take turns. Throws Error(kBadInput) without METIS.
  std::vector<int> cut(int parts, std::int64_t seed) const;

 private:
  struct Arrays;
  std::unique_ptr<Arrays> arrays_;
};

}  // namespace sextant::flashflex
