#pragma once

#include <vector>

#include "analyzer/plan/job.h"
#include "analyzer/plan/plan.h"
#include "analyzer/profile/model_profile.h"
#include "planner/training/sailor/resources.h"

namespace sextant::sailor_search {

/// H1: `layers` in `stages` stages of floor or ceil(layers / stages), the larger ones last. The
/// embedding and the head count as one layer each.
std::vector<LayerRange> uniform_split(int layers, int stages);

/// One GPU type at one tensor degree and microbatch size.
struct PointTimes {
  std::vector<double> layer_s;  ///< forward and backward; empty where it was not measured
  double update_s = 0;          ///< the longest optimizer step of any layer
};

/// What the search needs of a profile, by index instead of by name. Bytes are of one sequence.
class LayerTables {
 public:
  /// Throws Error(kBadInput) where the profile knows nothing of one of the GPU types.
  LayerTables(const ModelProfile& profile, const Job& job, const Resources& resources);

  int layer_count() const { return layer_count_; }
  /// Of all GPU types, ascending.
  const std::vector<int>& microbatches() const { return microbatches_; }

  /// Null where it was not measured.
  const PointTimes* times(int type, int microbatch, int tp) const;
  /// Whether one GPU of a type can hold these layers with so many stages behind it (§c.3). False
  /// where the degree has no memory table or exceeds the type's nodes.
  bool fits(int type, int microbatch, int tp, LayerRange layers, int stages_behind) const;
  /// Bytes that one GPU needs for it.
  double memory_bytes(int microbatch, int tp, LayerRange layers, int stages_behind) const;

  bool has_memory(int tp) const;

  /// Gradient bytes of whole layers, the sum over all ranks.
  double gradient_bytes(LayerRange layers) const;
  /// Messages have few distinct sizes: the output of layer l has sizes()[size_index(l)] bytes.
  const std::vector<double>& sizes() const { return sizes_; }
  int size_index(int layer) const { return size_index_[static_cast<std::size_t>(layer)]; }

 private:
  struct DegreeMemory {
    std::vector<double> state_bytes;       ///< prefix sums
    std::vector<double> activation_bytes;  ///< prefix sums
  };
  std::size_t point(int type, std::size_t microbatch, std::size_t degree) const;

  int layer_count_;
  std::vector<int> microbatches_;
  std::vector<double> capacity_bytes_;
  std::vector<int> largest_degree_;
  std::vector<PointTimes> points_;
  std::vector<DegreeMemory> memory_;  ///< by kTensorDegrees; empty where there is no table
  std::vector<double> gradient_bytes_;
  std::vector<double> sizes_;
  std::vector<int> size_index_;
};

}  // namespace sextant::sailor_search
