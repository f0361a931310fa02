#pragma once

// How Metis divides layers among stages of unlike speed; private to this folder.

#include <vector>

namespace sextant::metis_search {

/// Of one thread.
class LayerBalancer {
 public:
  /// Layers in proportion to one another.
  explicit LayerBalancer(const std::vector<double>& layer_ms);

  /// Writes the end of each stage's layers; false where a stage is left without any. `capacity`:
  /// each stage's share of the speed of all, which add up to 1.
  bool split(const std::vector<double>& capacity, std::vector<int>& ends);

 private:
  double load(int stage, const std::vector<int>& ends) const;
  void fill(const std::vector<double>& capacity);
  void give_leftovers();
  void round_to_layers(std::vector<int>& ends) const;
  void move_boundary_layers(const std::vector<double>& capacity, std::vector<int>& ends);

  int layers_;
  std::vector<double> before_;  ///< of all layers before each, in shares of the whole
  std::vector<double> slices_;  ///< share of a slice of each layer
  std::vector<int> owner_;      ///< by slice
  std::vector<double> spare_;   ///< by stage
};

}  // namespace sextant::metis_search
