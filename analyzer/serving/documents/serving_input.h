#pragma once

#include <string>
#include <vector>

#include "analyzer/core/evidence.h"
#include "analyzer/serving/placement.h"

namespace sextant {

/// What a question about serving reads; "" where not given.
struct ServingInputOptions {
  std::string cluster;           ///< Helix's complete cluster (.ini), or a document `cluster`
  std::string machine_profiles;  ///< of the former: NICs, disks, memory
  std::string coordinator_zone;  ///< of the latter
  std::string model;
  std::string profiles;  ///< databases of measured serving profiles
  std::string artifact;  ///< of Helix
  /// Whether decode steps are charged for the context besides: what is measured or estimated then
  /// leaves it out of their time, which else contains a typical one.
  bool context_costs = false;
};

/// Machines, the model and how they serve it.
struct ServingInput {
  std::string cluster_name;
  ServingCluster cluster;
  ServingProfiles profiles;
  Evidence evidence = Evidence::kEstimated;  ///< the weakest of the machine types in use
  std::vector<std::string> notes;            ///< where each machine type's figures are from
};

/// Machine types have the artifact's figures, else those that were measured, else estimates.
/// Throws Error(kBadInput), Error(kUsage) where something is missing.
ServingInput read_serving_input(const ServingInputOptions& options);

/// The profiles of an artifact's model, as "llama70b" or by its name; the types are the artifact's.
ServingProfiles artifact_profiles(const std::string& artifact, const std::string& model);

}  // namespace sextant
