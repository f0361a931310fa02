#pragma once

#include <string>
#include <vector>

#include "analyzer/model/model.h"

namespace sextant::testing {

/// Every family scaled down, with what tells it from the others; four heads, so that tensor degrees
/// 1, 2 and 4 are legal, and a vocabulary that is padded alike at each.
std::vector<ModelDescription> small_models();
/// The one named so. Throws where there is none.
ModelDescription small_model(const std::string& name);

/// Their names, each fit for a test's.
std::vector<std::string> small_model_names();

/// Two sequences of the model's length.
LayerOptions options_of(const ModelDescription& model, int tp, bool sequence_parallel);

/// A layer of a model.
struct LayerCase {
  LayerKind kind = LayerKind::kBlock;
  int block = 0;
  std::string text() const;
};
/// Embedding, a block (both, where windows alternate), the final norm where there is one, head.
std::vector<LayerCase> layer_cases(const ModelDescription& model);

}  // namespace sextant::testing
