#include "reproduce/helix_artifact.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "analyzer/serving/formats/helix_files.h"

namespace sextant {

namespace {

std::string cluster_file(const std::string& cluster) {
  if (cluster == "geo") return "3cluster24.ini";
  return cluster == "highhet" ? "cluster42.ini" : "cluster24.ini";
}

}  // namespace

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

HelixArtifact::HelixArtifact(std::filesystem::path root, const HelixExperiment& experiment,
                             const std::string& layouts)
    : root_(std::move(root)),
      cluster_name_(experiment.cluster),
      model_(experiment.model),
      layouts_(layouts),
      recorded_layouts_(layouts.empty()) {
  if (recorded_layouts_) layouts_ = root_ / "placements" / cluster_name_ / ("layout_" + model_);
  profiles_ = read_helix_profiles(root_, model_);
  cluster_ = read_cluster(cluster_file(cluster_name_));
}

ServingCluster HelixArtifact::read_cluster(const std::string& file) const {
  return read_helix_cluster(root_ / "clusters" / cluster_name_ / file,
                            root_ / "clusters/single/machine_profiles.ini");
}

ServingCluster HelixArtifact::cluster_of(const std::string& machine_type) const {
  return read_cluster(lower_case(machine_type) + ".ini");
}

ServedNetwork HelixArtifact::layout(const std::string& method,
                                    const std::string& machine_type) const {
  const std::filesystem::path folder = layouts_ / method;
  const std::string type = lower_case(machine_type);
  if (method == "separate") {
    return read_helix_network(folder / (type + "_simulator_cluster.ini"),
                              folder / (type + "_solution_file.ini"), profiles_);
  }
  const std::filesystem::path inner = type.empty() ? folder : folder / type;
  return read_helix_network(inner / "simulator_cluster.ini", inner / (method + "_sol.ini"),
                            profiles_);
}

ServedNetwork HelixArtifact::highhet_layout() const {
  const std::filesystem::path folder = root_ / "placements/ablation/layouts/raw_42";
  return read_helix_network(folder / "simulator_cluster.ini", folder / "ilp_sol.ini", profiles_);
}

std::filesystem::path HelixArtifact::simulator_input(const std::string& name) const {
  return root_ / "sim_inputs" / fmt::format("{}_{}_{}.txt", cluster_name_, model_, name);
}

void HelixArtifact::read_flow(const std::string& name, ServedNetwork& network) const {
  read_helix_flow(simulator_input(name), network);
}

}  // namespace sextant
