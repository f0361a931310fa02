#pragma once

#include <filesystem>
#include <string>

#include "analyzer/serving/placement.h"
#include "reproduce/helix_experiment.h"

namespace sextant {

/// What an experiment needs of Helix's artifact. Everything throws Error(kBadInput) naming the
/// file.
class HelixArtifact {
 public:
  /// `layouts` is a folder of placements instead of the recorded ones, of the same form (a
  /// `layout_<model>`); "" = the recorded ones.
  HelixArtifact(std::filesystem::path root, const HelixExperiment& experiment,
                const std::string& layouts = "");

  const std::filesystem::path& root() const { return root_; }
  const ServingProfiles& profiles() const { return profiles_; }
  /// Whether its placements are those that were recorded, of which flow splits were too.
  bool has_recorded_layouts() const { return recorded_layouts_; }
  /// All machines.
  const ServingCluster& cluster() const { return cluster_; }
  /// Those of one type.
  ServingCluster cluster_of(const std::string& machine_type) const;
  /// A recorded layout as it was simulated: "ilp", "swarm", "petals", or of one machine type "ilp"
  /// or "separate". Flows are 0.
  ServedNetwork layout(const std::string& method, const std::string& machine_type = "") const;
  /// The layout that the ablation study found for the cluster of 42 machines.
  ServedNetwork highhet_layout() const;
  /// Gives the links the flow that was recorded as `sim_inputs/<cluster>_<model>_<name>.txt`.
  void read_flow(const std::string& name, ServedNetwork& network) const;
  /// The path of such a file.
  std::filesystem::path simulator_input(const std::string& name) const;

 private:
  ServingCluster read_cluster(const std::string& file) const;

  std::filesystem::path root_;
  std::string cluster_name_;
  std::string model_;
  std::filesystem::path layouts_;
  bool recorded_layouts_ = true;
  ServingProfiles profiles_;
  ServingCluster cluster_;
};

/// "a100" of "A100", as file names have it.
std::string lower_case(std::string text);

}  // namespace sextant
