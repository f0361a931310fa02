#pragma once

#include "analyzer/training/aceso/tables.h"

namespace sextant::aceso {

/// What Aceso wants of operators, from a profile of layers. A layer's forward and backward are
/// spread over its operators by their work (the larger of FLOPs at a fixed number of them a byte,
/// and bytes moved; analyzer/model/operators.h), its parameters and saved activations by their own;
/// evenly where the model is not described. Fused attention stands in the line of the scores.
/// Between the operators of a block its output passes, and the residual beside it until it is
/// added. Backward reserves the gradients of an operator's input and output; forward nothing. Links
/// are those of the network, of one GPU each.
/// Throws Error(kBadInput) where the profile has no point of the pool's GPU type, or the cluster no
/// network.
Tables derive_tables(const TrainingProblem& problem, const GpuPool& pool,
                     OperatorSequence operators);

}  // namespace sextant::aceso
