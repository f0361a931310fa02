#pragma once

#include <span>
#include <vector>

#include "analyzer/core/random.h"
#include "analyzer/serving/placement.h"
#include "planner/serving/sextant/search_instance.h"

namespace sextant {

/// A placement as pipelines side by side, each a chain of stages: a number of layers, held by all
/// of the stage's machines. What it holds stays connected whatever is moved. Machines of no stage
/// are not used.
struct StageChain {
  static constexpr int kUnused = -1;

  std::vector<int> stage_of;  ///< by machine
  /// By stage, from the first layers on; the next pipeline begins where those of one add up to the
  /// model's.
  std::vector<int> layers;

  int stages() const { return static_cast<int>(layers.size()); }
  bool operator==(const StageChain&) const = default;
};

/// Stages [first, end) of the pipeline that has the stage.
struct PipelineStages {
  int first = 0;
  int end = 0;

  int stages() const { return end - first; }
};
PipelineStages pipeline_of(const StageChain& chain, int model_layers, int stage);

/// Whether every pipeline has all layers, every stage a machine, and every machine room for its
/// layers.
bool feasible(const SearchInstance& instance, const StageChain& chain);

Placement chain_placement(const StageChain& chain, int model_layers);

/// One pipeline of machines in a random order with nearly equal loads; empty where the machines
/// cannot hold the model.
StageChain random_chain(const SearchInstance& instance, Random& random);
/// As many pipelines, as far as the machines can hold so many, of machines taken at random.
StageChain random_pipelines(const SearchInstance& instance, int pipelines, Random& random);
/// A pipeline of each group of machines that can hold the model alone, in an order that stays where
/// links are fast, and one of all others; empty where no group can.
StageChain pipelines_by_group(const SearchInstance& instance, const std::vector<int>& group,
                              Random& random);

/// Begins each pipeline with the stage whose KV caches have least room, in the place of its first:
/// what comes in then finds room all the way, and what does not is turned to another pipeline.
void begin_with_tightest(const SearchInstance& instance, StageChain& chain);

/// Changes the chain a little, at random: layers between stages, machines between stages, out of
/// use or back, two machines' places, the place of a stage, a stage into two, two into one, a
/// pipeline given up. What comes out may be infeasible.
void move_at_random(const SearchInstance& instance, StageChain& chain, Random& random);

}  // namespace sextant
