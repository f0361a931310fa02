#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/serving/trace/request_trace.h"
#include "reproduce/helix_artifact.h"
#include "reproduce/helix_experiment.h"
#include "reproduce/helix_system.h"

namespace sextant {

/// One of those whom an experiment compares.
struct HelixMethod {
  std::string name;
  /// Whose published figures stand beside it.
  std::string published;
  /// Each serves a part of the requests.
  std::vector<HelixSystem> systems = {};
  std::string reason = {};  ///< why there are no systems
  bool ours = false;        ///< placed by our search
  double search_s = 0;
  std::int64_t evaluations = 0;
  bool complete = true;
};

struct HelixMethodOptions {
  std::vector<std::string> methods;  ///< empty: all
  std::uint64_t seed = 0;            ///< of our searches
  int threads = 0;                   ///< likewise; 0: all
  bool progress = true;
};

/// Reads the recorded placements, and searches ours. Throws Error(kUsage) on a name that the
/// experiment does not have.
std::vector<HelixMethod> helix_methods(const HelixExperiment& experiment,
                                       const HelixArtifact& artifact,
                                       const RecordedRequests& recorded,
                                       const HelixMethodOptions& options);

}  // namespace sextant
