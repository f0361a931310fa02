#pragma once

#include <optional>
#include <vector>

#include "analyzer/cluster/cluster.h"
#include "analyzer/training/galvatron/model.h"

namespace sextant::galvatron {

/// The best pipeline of so many stages and microbatches.
struct PipelineChoice {
  /// Of the first block of the first stage, which the published conversion takes for the whole
  /// plan.
  Strategy strategy;
  int microbatches = 0;
  double iteration_s = 0;
};

/// By how much the roomiest pipeline that was looked at is too large.
struct Shortfall {
  int needed_mb = 0;
  int budget_mb = 0;
};

/// What is common to all pipelines of a search.
struct SearchSpace {
  const Tables& tables;
  int gpus = 0;
  int global_batch = 0;
  int budget_mb = 0;  ///< of one GPU
};

/// MB of a GPU that plans may use: all of a small one, 80 % of what has more than 20 GiB.
int memory_budget_mb(const GpuPool& pool);

/// Powers of two for stages and tensor degree, the rest data parallel, all GPUs in use; by stages,
/// then by degree. Tensor degrees are those of the tables, at most 4 and `most_tp`.
std::vector<Strategy> strategies_of(const SearchSpace& space, int most_tp);

/// The strategies of each stage, chosen stage by stage from `strategies` (all of one number of
/// stages). Nothing where a stage does not fit; `shortfall` then becomes its own if that is less.
std::optional<PipelineChoice> best_pipeline(const SearchSpace& space,
                                            const std::vector<Strategy>& strategies,
                                            int microbatches, std::optional<Shortfall>& shortfall);

}  // namespace sextant::galvatron
