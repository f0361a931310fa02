#pragma once

// Where the published clusters, placements and networks stand.

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/reference_data.h"

namespace sextant::testing {

/// A recorded placement: the complete cluster file that it is of, its solution, its network.
struct RecordedLayout {
  std::string model;     ///< "llama70b"
  std::string cluster;   ///< under clusters/
  std::string solution;  ///< under placements/, as below
  std::string network;
  bool partial_inference = false;
};

inline std::vector<RecordedLayout> recorded_ilp_layouts() {
  std::vector<RecordedLayout> layouts;
  const auto add = [&](const std::string& model, const std::string& cluster,
                       const std::string& folder) {
    layouts.push_back({model, cluster, folder + "/ilp_sol.ini", folder + "/simulator_cluster.ini"});
  };
  for (const std::string where : {"single", "geo"}) {
    for (const std::string type : {"a100", "l4", "t4"}) {
      add("llama30b", where + "/" + type + ".ini", where + "/layout_llama30b/ilp/" + type);
    }
  }
  add("llama70b", "single/cluster24.ini", "single/layout_llama70b/ilp");
  add("llama70b", "geo/3cluster24.ini", "geo/layout_llama70b/ilp");
  add("llama70b", "ablation/3cluster24.ini", "ablation/layouts/raw_24");
  add("llama70b", "ablation/3cluster24.ini", "ablation/layouts/no_prune_24");
  add("llama70b", "ablation/cluster42.ini", "ablation/layouts/raw_42");
  add("llama70b", "ablation/cluster42.ini", "ablation/layouts/no_prune_42");
  add("llama30b", "ablation/cluster10.ini", "ablation/layouts/quality");
  return layouts;
}

inline std::vector<RecordedLayout> recorded_separate_layouts() {
  std::vector<RecordedLayout> layouts;
  for (const std::string where : {"single", "geo"}) {
    for (const std::string model : {"llama30b", "llama70b"}) {
      for (const std::string type : {"a100", "l4", "t4"}) {
        const std::string folder = where + "/layout_" + model + "/separate/" + type;
        layouts.push_back({model, where + "/" + type + ".ini", folder + "_solution_file.ini",
                           folder + "_simulator_cluster.ini"});
      }
    }
  }
  return layouts;
}

inline std::vector<RecordedLayout> recorded_heuristic_layouts() {
  std::vector<RecordedLayout> layouts;
  for (const std::string where : {"single", "geo"}) {
    const std::string cluster = where == "single" ? "single/cluster24.ini" : "geo/3cluster24.ini";
    for (const std::string model : {"llama30b", "llama70b"}) {
      for (const std::string method : {"petals", "swarm"}) {
        const std::string folder = where + "/layout_" + model + "/" + method;
        layouts.push_back({model, cluster, folder + "/" + method + "_sol.ini",
                           folder + "/simulator_cluster.ini", method == "petals"});
      }
    }
  }
  return layouts;
}

}  // namespace sextant::testing
