#include "planner/training/metis/intra_stage.h"

#include <algorithm>
#include <numeric>

namespace sextant::metis_search {

namespace {

constexpr double kBytesPerMib = 1024.0 * 1024.0;
/// What a stage is taken to need of its profiled memory (the published code's memory coefficient).
constexpr double kMemoryCoefficient = 5;
constexpr int kMostDivisions = 3;
/// An overloaded stage keeps this of the layers that would just fit.
constexpr double kRelief = 0.9;

}  // namespace

IntraStageSearch::IntraStageSearch(metis::Tables& tables, metis::CostModel& model,
                                   const std::vector<TypeStock>& stock,
                                   const std::vector<metis::Rank>& ranks, int global_batch)
    : tables_(tables),
      model_(model),
      stock_(stock),
      ranks_(ranks),
      global_batch_(global_batch),
      balancer_(tables.reference().layer_ms) {}

void IntraStageSearch::begin(const std::vector<int>& group_sizes) {
  candidate_.group_sizes = group_sizes;
  stages_.resize(group_sizes.size());
  group_memory_mib_.assign(group_sizes.size(), 0);
  int rank = 0;
  for (std::size_t s = 0; s < group_sizes.size(); ++s) {
    stages_[s].first_rank = rank;
    stages_[s].gpus.clear();
    for (const int end = rank + group_sizes[s]; rank < end; ++rank) {
      const int gpu = ranks_[static_cast<std::size_t>(rank)].gpu;
      group_memory_mib_[s] += stock_[static_cast<std::size_t>(gpu)].memory_bytes / kBytesPerMib;
      if (stages_[s].gpus.empty() || stages_[s].gpus.back() != gpu) {
        stages_[s].gpus.push_back(gpu);
      }
    }
  }
}

const Candidate* IntraStageSearch::search(int batches) {
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    stages_[s].dp = candidate_.group_sizes[s];
    stages_[s].tp = 1;
  }
  spare_mib_.clear();
  out_of_range_ = false;
  while (!(set_degrees(batches) && divide_layers())) {
    if (out_of_range_ || !double_one_degree()) return nullptr;
  }
  candidate_.batches = batches;
  candidate_.tp.clear();
  for (const metis::StageShape& stage : stages_) candidate_.tp.push_back(stage.tp);
  candidate_.cost_ms = model_.cost(stages_, batches, ranks_).total_ms();
  return &candidate_;
}

/// The microbatch size of each stage, and its share of the speed of all; false where that was not
/// profiled.
bool IntraStageSearch::set_degrees(int batches) {
  for (metis::StageShape& stage : stages_) {
    stage.microbatch = global_batch_ / stage.dp / batches;
    // Neither falls when a degree is doubled.
    if (stage.microbatch > tables_.largest_microbatch() || stage.tp > tables_.largest_tp()) {
      out_of_range_ = true;
    }
  }
  if (out_of_range_) return false;
  capacity_.clear();
  for (const metis::StageShape& stage : stages_) {
    if (stage.microbatch < 1) return false;
    double slowest_ms = 0;
    for (const int gpu : stage.gpus) {
      const metis::Point* point = tables_.find(gpu, stage.microbatch, stage.tp);
      if (point == nullptr) return false;
      slowest_ms = std::max(slowest_ms, point->compute_ms.total());
    }
    capacity_.push_back(1 / slowest_ms);
  }
  const double all = std::accumulate(capacity_.begin(), capacity_.end(), 0.0);
  for (double& share : capacity_) share /= all;
  return true;
}

bool IntraStageSearch::divide_layers() {
  for (int attempt = 0; attempt < kMostDivisions; ++attempt) {
    const bool every_stage_has_layers = balancer_.split(capacity_, candidate_.layer_ends);
    const bool in_memory = fits();
    if (in_memory) return every_stage_has_layers;
    if (!relieve()) return false;
  }
  return false;
}

/// Compares what one replica needs with what the whole group has, both as in the published code,
/// which also takes the memory of layers from the GPU type of the first rank of all.
bool IntraStageSearch::fits() {
  demand_mib_.clear();
  spare_mib_.clear();
  bool all = true;
  int first = 0;
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    metis::StageShape& stage = stages_[s];
    stage.first_layer = first;
    stage.end_layer = candidate_.layer_ends[s];
    first = std::max(first, stage.end_layer);
    const metis::Point* point = tables_.find(ranks_.front().gpu, stage.microbatch, stage.tp);
    if (point == nullptr) point = tables_.find(stage.gpus.front(), stage.microbatch, stage.tp);
    demand_mib_.push_back(kMemoryCoefficient *
                          point->memory_mib.of(stage.first_layer, stage.end_layer));
    spare_mib_.push_back(group_memory_mib_[s] - demand_mib_.back());
    all = all && spare_mib_.back() >= 0;
  }
  return all;
}

/// Overloaded stages hand on what they have no memory for; false where nobody could take it.
bool IntraStageSearch::relieve() {
  double handed_on = 0;
  double takers = 0;
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    if (spare_mib_[s] >= 0) {
      takers += capacity_[s];
      continue;
    }
    const double kept = capacity_[s] * group_memory_mib_[s] / demand_mib_[s] * kRelief;
    handed_on += capacity_[s] - kept;
    capacity_[s] = kept;
  }
  if (!(takers > 0)) return false;
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    if (spare_mib_[s] >= 0) capacity_[s] += handed_on * capacity_[s] / takers;
  }
  return true;
}

/// Of the stage with the least memory to spare, or of the most replicas where that is not known
/// yet; false where no stage has replicas left.
bool IntraStageSearch::double_one_degree() {
  metis::StageShape* least = nullptr;
  double least_spare = 0;
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    if (stages_[s].dp == 1) continue;
    const double spare = spare_mib_.empty() ? 1.0 / stages_[s].dp : spare_mib_[s];
    if (least != nullptr && spare >= least_spare) continue;
    least = &stages_[s];
    least_spare = spare;
  }
  if (least == nullptr) return false;
  least->dp /= 2;
  least->tp *= 2;
  return true;
}

}  // namespace sextant::metis_search
