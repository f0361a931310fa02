#pragma once

// Metis's choice of degrees and layers for given groups of GPUs; private to this folder.

#include <optional>
#include <vector>

#include "analyzer/training/metis/model.h"
#include "planner/training/metis/gpu_sequence.h"
#include "planner/training/metis/layer_balancer.h"

namespace sextant::metis_search {

/// A plan of one order of the GPU types.
struct Candidate {
  double cost_ms = 0;
  int batches = 1;
  std::vector<int> group_sizes;  ///< GPUs, by stage
  std::vector<int> tp;           ///< by stage
  std::vector<int> layer_ends;   ///< by stage
};

/// Of one thread.
class IntraStageSearch {
 public:
  /// References must outlive it.
  IntraStageSearch(metis::Tables& tables, metis::CostModel& model,
                   const std::vector<TypeStock>& stock, const std::vector<metis::Rank>& ranks,
                   int global_batch);

  /// Until the next call stages are these groups of consecutive ranks.
  void begin(const std::vector<int>& group_sizes);

  /// The plan with that many microbatches: degrees begin at T = 1; where they are out of the
  /// profile's range, or layers cannot be divided so that they fit, the stage with the least memory
  /// to spare doubles T. Nothing where no degrees do. The result is valid until the next call.
  const Candidate* search(int batches);

 private:
  bool set_degrees(int batches);
  bool divide_layers();
  bool fits();
  bool relieve();
  bool double_one_degree();

  metis::Tables& tables_;
  metis::CostModel& model_;
  const std::vector<TypeStock>& stock_;
  const std::vector<metis::Rank>& ranks_;
  int global_batch_;
  LayerBalancer balancer_;
  std::vector<metis::StageShape> stages_;
  std::vector<double> group_memory_mib_;  ///< by stage
  std::vector<double> capacity_;          ///< by stage, share of the speed of all
  std::vector<double> demand_mib_;        ///< by stage
  std::vector<double> spare_mib_;         ///< by stage; empty before a division was tried
  bool out_of_range_ = false;             ///< more tensor parallelism helps no more
  Candidate candidate_;
};

}  // namespace sextant::metis_search
