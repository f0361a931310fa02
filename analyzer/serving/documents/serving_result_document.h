#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/core/evidence.h"
#include "analyzer/core/json_document.h"
#include "analyzer/serving/documents/serving_figures.h"

namespace sextant {

/// What was simulated, and what came of it: document kind `serving_result`
/// (profiles/schema/serving_result.json).
struct ServingResultDocument {
  std::string model;
  std::string cluster;
  std::string placement;    ///< its method, or its file's name
  std::string load;         ///< "offline", "online", "poisson", "trace"
  std::string requests;     ///< where their lengths are from
  double tokens_per_s = 0;  ///< offered, input and output; 0 where the load does not say
  ServingSimulationOptions options;
  LatencyTargets targets;
  Evidence evidence = Evidence::kEstimated;
  std::vector<std::uint32_t> seeds;
  std::vector<ServingFigures> runs;  ///< one a seed
  std::vector<std::string> types;    ///< names of the machine types that nodes refer to
  std::vector<ServedNode> nodes;
  std::vector<ServedNodeLoad> loads;  ///< means over seeds, one a node
};

/// Figures that nobody had are left out; several seeds give their means, half widths of the 95 %
/// confidence intervals and each run.
OrderedJson to_json(const ServingResultDocument& document);

}  // namespace sextant
