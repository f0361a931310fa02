#pragma once

#include <span>
#include <vector>

#include "analyzer/core/random.h"
#include "analyzer/serving/placement.h"
#include "planner/serving/sextant/search_instance.h"

namespace sextant {

/// A placement as a chain of stages: each a number of layers, held by all of its machines. What it
/// holds stays connected whatever is moved. Machines of no stage are not used.
struct StageChain {
  static constexpr int kUnused = -1;

  std::vector<int> stage_of;  ///< by machine
  std::vector<int> layers;    ///< by stage, from the first layers on; their sum is the model's

  int stages() const { return static_cast<int>(layers.size()); }
  bool operator==(const StageChain&) const = default;
};

/// Whether all layers are there, every stage has a machine, and every machine holds its layers.
bool feasible(const SearchInstance& instance, const StageChain& chain);

Placement chain_placement(const StageChain& chain);

/// A chain of machines in a random order with nearly equal loads; empty where the machines cannot
/// hold the model.
StageChain random_chain(const SearchInstance& instance, Random& random);

/// Changes the chain a little, at random: layers between stages, machines between stages, out of
/// use or back, two machines' places, the place of a stage, a stage into two, two into one. What
/// comes out may be infeasible.
void move_at_random(const SearchInstance& instance, StageChain& chain, Random& random);

}  // namespace sextant
