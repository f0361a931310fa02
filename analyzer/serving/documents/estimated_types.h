#pragma once

#include "analyzer/model/model.h"
#include "analyzer/serving/documents/machine_kind.h"
#include "analyzer/serving/serving_profiles.h"

namespace sextant {

/// What those who serve a model need of its description: its blocks are the layers, in half
/// precision; embedding and head are left out, as in the published tables.
ServedModel served_model(const ModelDescription& model);

/// How a machine nobody has measured serves a model, from data-sheet figures alone: a layer takes
/// the sum of its operators (OperatorClock) and of the all-reduces among the machine's GPUs, over
/// which it is split. Memory as in the published tables: 80 % of it for weights and KV cache, and
/// no more layers than 60 % of that hold. Throws Error(kBadInput) where the GPU type is not
/// shipped, or its number does not divide the model.
MachineType estimated_type(const ModelDescription& model, const MachineKind& kind,
                           double context_tokens);

}  // namespace sextant
