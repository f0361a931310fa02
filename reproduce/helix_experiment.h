#pragma once

#include <string>
#include <vector>

namespace sextant {

/// An experiment of Helix's artifact (ASPLOS'25).
struct HelixExperiment {
  enum class Study {
    kServing,     ///< placements, each with its own scheduler: "single/llama70b/offline"
    kPlacement,   ///< placements with one scheduler: "geo/llama70b/model_placement"
    kScheduling,  ///< schedulers on one placement: "geo/llama70b/request_scheduling"
  };

  std::string name;
  std::string cluster;  ///< "single", "geo", "highhet"
  std::string model;    ///< "llama30b", "llama70b"
  Study study = Study::kServing;
  bool online = false;
  std::string description;
};

const std::vector<HelixExperiment>& helix_experiment_list();

/// The machine types of a cluster that the artifact serves with one after the other, fastest first;
/// where it serves with each type alone.
const std::vector<std::string>& helix_machine_types();

}  // namespace sextant
