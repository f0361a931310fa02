#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/model/model.h"
#include "analyzer/plan/plan.h"

namespace sextant {

/// The one shape of plan that engines of a single program run: `stages` stages of `replicas` equal
/// replicas of `tp` ranks each. Ranks in the order of rank_layout.h, which is also theirs.
struct EngineGrid {
  int tp = 1;
  int replicas = 1;
  int stages = 1;
  int chunks = 1;        ///< virtual ones of each stage
  int microbatches = 1;  ///< of each replica in an iteration
};

/// Why a plan is no such grid, a sentence each with the place: several pipelines, different tensor
/// degrees or numbers of replicas, GPU types mixed in a stage, unequal shares, a batch that is no
/// whole number of microbatches. `engine` is the subject of the sentences.
std::vector<std::string> grid_obstacles(const Plan& plan, std::string_view engine);

/// Of a plan without such obstacles.
EngineGrid engine_grid(const Plan& plan);

/// What of the model a virtual chunk holds.
struct ChunkContents {
  bool embedding = false;
  int first_block = 0;
  int blocks = 0;
  bool final_norm = false;
  bool head = false;
};

/// Of the first pipeline, in the order of the model: chunk v of stage s stands at v * stages + s.
/// The plan must divide the layers of layer_sequence(model).
std::vector<ChunkContents> chunk_contents(const Plan& plan, const ModelDescription& model);

/// "" where the plan divides the layers of layer_sequence(model), else a sentence.
std::string layer_count_obstacle(const Plan& plan, const ModelDescription& model);

}  // namespace sextant
