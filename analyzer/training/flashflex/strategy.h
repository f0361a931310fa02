#pragma once

#include <vector>

#include "analyzer/training/estimator.h"
#include "analyzer/training/flashflex/model.h"

namespace sextant::flashflex {

/// A plan as FlashFlex sees one: independent pipelines that share the batch alike.
struct Strategy {
  struct Place {
    std::size_t stage = 0;  ///< of the plan, over all its pipelines
    LayerRange layers;
    const GpuPool* pool = nullptr;
  };
  std::vector<const GpuPool*> pools;  ///< by type of the stages
  std::vector<StageList> pipelines;
  std::vector<std::vector<Place>> places;  ///< as pipelines
  /// By how many GPUs the memory of a layer is divided: 0 = by the stage's own tp.
  int shards = 0;
};

/// The replicas of a plan of one pipeline become a pipeline each, all at the degree of the first,
/// as the published validation hands it over; it also passes all stages where the memory model
/// expects the GPUs of one, so that their number divides the layers' memory. Of several pipelines,
/// every replica of the first stage begins one. Throws Error(kBadInput) where the plan has virtual
/// chunks or uses GPUs that the cluster does not have.
Strategy strategy_of(const TrainingProblem& problem, const Plan& plan);

}  // namespace sextant::flashflex
