#pragma once

#include <map>
#include <utility>
#include <vector>

#include "analyzer/profile/serving_profile.h"

namespace sextant {

/// Seconds of one block, by (batch, context).
using DecodeTable = std::map<std::pair<int, int>, double>;
/// By tokens.
using PrefillTable = std::map<int, double>;

/// Means over a document's kinds of blocks, as often as each stands in the model, of the points
/// that all of them were measured at. Without collectives that were recorded only.
PrefillTable block_prefill(const ServingDocument& document);
DecodeTable block_decode(const ServingDocument& document);
/// Blocks in the model.
int block_count(const ServingDocument& document);

/// The slope of t = f(batch) + slope * batch * context by least squares, at least 0; 0 where no
/// batch was measured at two contexts.
double seconds_per_context_token(const DecodeTable& table);
/// (batch, seconds) at `context` tokens of each sequence, by batch: linear between measured
/// contexts, with the slope beyond them, at least half of what was measured nearest.
std::vector<std::pair<double, double>> decode_at_context(const DecodeTable& table, double context,
                                                         double slope);

}  // namespace sextant
