#pragma once

#include <string>
#include <vector>

#include "analyzer/model/model.h"
#include "analyzer/plan/job.h"
#include "analyzer/plan/plan.h"

namespace sextant {

/// Why run_plan cannot run the plan, a sentence each with the place in it; empty where it can. It
/// cannot where the plan is of another model, batch or layer count than the job; its schedule is
/// zb-h1 with recomputation; with ZeRO; where replicas of a stage differ in tp, neighbouring stages
/// in their number of replicas; pipelines do not cut the layers alike; sequence parallelism or a
/// tied table crosses stages of different tp; a degree does not divide the model; the batch is not
/// made of whole microbatches.
std::vector<std::string> run_obstacles(const Plan& plan, const Job& job,
                                       const ModelDescription& model);

/// Throws Error(kBadInput) with the first of them.
void check_runnable(const Plan& plan, const Job& job, const ModelDescription& model);

/// What the layers of a stage with `tp` ranks are built with.
LayerOptions layer_options(const Plan& plan, const Job& job, int tp);

/// Whether the head takes part in the embedding's gradient from another stage.
bool ties_stages(const Plan& plan, const ModelDescription& model);

}  // namespace sextant
