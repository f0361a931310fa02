#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyzer/cluster/cluster.h"
#include "analyzer/core/evidence.h"
#include "analyzer/core/json_document.h"
#include "analyzer/core/verdict.h"
#include "analyzer/model/model.h"
#include "analyzer/plan/job.h"

namespace sextant {

/// What a document `plan` says beside the plan itself since version 1.1: the job and the GPUs for
/// which it was made, as far as who starts it must know them.
struct PlanOrigin {
  /// Model, batch, sequence length (never 0), optimizer, data type and framework.
  Job job;
  std::optional<ModelDescription> model;  ///< where the zoo has none of that name that is the same
  std::string cluster;                    ///< its name
  std::vector<GpuPool> pools;             ///< type, zone, count and gpus_per_node alone
};

/// Whether the zoo has this very model under that name, so that it need not be written down.
bool in_zoo(const ModelDescription& model, const std::string& name);

/// Adds the members `job` and `cluster` to the document, and makes it one of version 1.1. Adds
/// nothing where the sequence length is known neither of the job nor of the model.
void put_origin(const Job& job, const std::optional<ModelDescription>& model,
                const Cluster& cluster, OrderedJson& plan_document);

/// Reads them; nothing where the document has neither. Throws Error(kBadInput) with the place.
std::optional<PlanOrigin> read_origin(const JsonNode& plan_document);

/// What a document `plan` says was predicted when it was made.
struct RecordedPrediction {
  std::string estimator;
  Evidence evidence = Evidence::kEstimated;
  double iteration_s = 0;
  double usd_per_iter = 0;
  double tokens_per_s = 0;        ///< 0 = not known
  double peak_memory_bytes = 0;   ///< of the fullest GPU; 0 = not modelled
  double memory_bound_bytes = 0;  ///< what that GPU will not exceed
  TimeInterval interval;
};
/// Nothing where the document has no `prediction`. Throws Error(kBadInput) with the place.
std::optional<RecordedPrediction> read_prediction(const JsonNode& plan_document);

}  // namespace sextant
