#include "reproduce/helix_experiment.h"

#include <fmt/format.h>

namespace sextant {

namespace {

std::vector<HelixExperiment> make_list() {
  using Study = HelixExperiment::Study;
  std::vector<HelixExperiment> list;
  const auto add_serving = [&](const std::string& cluster, const std::string& model,
                               const std::string& where) {
    for (const bool online : {false, true}) {
      list.push_back(
          {fmt::format("{}/{}/{}", cluster, model, online ? "online" : "offline"), cluster, model,
           Study::kServing, online,
           fmt::format("{} on {}, {}", model == "llama30b" ? "LLaMA-30B" : "LLaMA-70B", where,
                       online ? "requests as recorded" : "as many as it serves")});
    }
  };
  for (const std::string model : {"llama30b", "llama70b"}) {
    add_serving("single", model, "24 machines in one place");
  }
  for (const std::string model : {"llama30b", "llama70b"}) {
    add_serving("geo", model, "24 machines in three regions");
  }
  list.push_back({"geo/llama70b/model_placement", "geo", "llama70b", Study::kPlacement, false,
                  "Placements under one scheduler (section 6.6)"});
  list.push_back({"geo/llama70b/request_scheduling", "geo", "llama70b", Study::kScheduling, false,
                  "Schedulers on one placement (section 6.7)"});
  add_serving("highhet", "llama70b", "42 machines of seven types");
  return list;
}

}  // namespace

const std::vector<HelixExperiment>& helix_experiment_list() {
  static const std::vector<HelixExperiment> kList = make_list();
  return kList;
}

const std::vector<std::string>& helix_machine_types() {
  static const std::vector<std::string> kTypes = {"A100", "L4", "T4"};
  return kTypes;
}

}  // namespace sextant
