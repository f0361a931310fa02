#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/training/estimator.h"

namespace sextant {

/// Where the inputs of a training problem are.
struct TrainingInputOptions {
  std::filesystem::path cluster;
  std::filesystem::path job;
  std::filesystem::path artifact;     ///< "" = none; else its simulator's profiles are used
  std::filesystem::path profile_db;   ///< "" = the shipped profiles/measured
  std::filesystem::path calibration;  ///< "" = the defaults
  std::string variant;           ///< of the profiles; "" = the one there is for the job's dtype
  std::filesystem::path prices;  ///< "" = the cluster's own
  bool spot = false;             ///< count the spot prices of `prices`
};

/// A training problem and what it rests on, owned.
struct TrainingInput {
  Job job;
  Cluster cluster;
  ModelProfile profile;
  std::optional<ModelDescription> model;  ///< absent where only an artifact knows the model
  Evidence evidence = Evidence::kEstimated;
  std::vector<std::string> notes;  ///< for people: what was estimated, what is odd

  Calibration calibration;
  Disturbance disturbance;
  std::filesystem::path published_tables;  ///< of the artifact; empty without one

  TrainingProblem problem() const {
    return {job,
            profile,
            cluster,
            calibration,
            disturbance,
            model ? &*model : nullptr,
            published_tables};
  }
};

/// Reads job and cluster, and for every GPU type of the cluster its profile: from the artifact,
/// else the measured one of the database, else a roofline estimate of the data sheet's figures,
/// which is said in the notes. A GPU type that cannot compute in the job's data type is left out of
/// the cluster, which is said too. Throws Error(kUsage) where an artifact and a database or variant
/// are named, or spot prices without a price list, Error(kBadInput) else, also where no GPU type
/// has a profile.
TrainingInput load_training_input(const TrainingInputOptions& options);

}  // namespace sextant
