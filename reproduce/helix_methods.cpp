#include "reproduce/helix_methods.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/progress.h"
#include "planner/serving/heuristics/heuristic_networks.h"
#include "planner/serving/heuristics/heuristics.h"
#include "planner/serving/sextant/placement_search.h"
#include "reproduce/helix_flattened.h"
#include "reproduce/helix_separate.h"

namespace sextant {

namespace {

using Study = HelixExperiment::Study;

/// Makes the methods of one experiment.
class Methods {
 public:
  Methods(const HelixExperiment& experiment, const HelixArtifact& artifact,
          const RecordedRequests& recorded, const HelixMethodOptions& options)
      : experiment_(experiment), artifact_(artifact), recorded_(recorded), options_(options) {}

  struct Maker {
    std::string name;
    std::function<HelixMethod()> make;
  };
  std::vector<Maker> makers() const;

 private:
  enum class Split { kRecorded, kOwn };

  bool one_system_per_type() const { return experiment_.model == "llama30b"; }

  HelixMethod searched(PlacementObjective objective) const;
  HelixMethod helix(Split split) const;
  HelixMethod swarm() const;
  HelixMethod highhet_swarm() const;
  HelixMethod separate() const;
  HelixMethod highhet_separate(bool plus) const;
  HelixMethod layout(const std::string& placement, const std::string& flow_file, Split split) const;
  HelixMethod scheduled(RequestScheduler scheduler, Split split) const;

  const HelixExperiment& experiment_;
  const HelixArtifact& artifact_;
  const RecordedRequests& recorded_;
  const HelixMethodOptions& options_;
};

HelixMethod Methods::helix(Split split) const {
  HelixMethod out{split == Split::kOwn ? "helix-own-split" : "helix", "helix"};
  const auto add = [&](ServedNetwork network, const ServingCluster& cluster,
                       const std::string& type) {
    const bool own = split == Split::kOwn || !artifact_.has_recorded_layouts();
    if (!own) {
      artifact_.read_flow(type.empty() ? "helix" : "helix_" + lower_case(type), network);
    }
    HelixSystem one = helix_system(std::move(network), cluster);
    if (own) assign_own_flow(one, cluster);
    one.machine_type = type;
    one.load = helix_load(experiment_, "helix", type);
    out.systems.push_back(std::move(one));
  };
  if (experiment_.cluster == "highhet") {
    add(artifact_.highhet_layout(), artifact_.cluster(), "");
  } else if (one_system_per_type()) {
    for (const std::string& type : helix_machine_types()) {
      add(artifact_.layout("ilp", type), artifact_.cluster_of(type), type);
    }
  } else {
    add(artifact_.layout("ilp"), artifact_.cluster(), "");
  }
  return out;
}

HelixMethod Methods::swarm() const {
  HelixMethod out{"swarm", "swarm"};
  HelixSystem one = helix_system(artifact_.layout("swarm"), artifact_.cluster());
  one.scheduler = RequestScheduler::kSwarm;
  one.load = helix_load(experiment_, "swarm");
  out.systems.push_back(std::move(one));
  return out;
}

HelixMethod Methods::highhet_swarm() const {
  HelixMethod out{"swarm", "swarm"};
  const PlacementProblem problem = placement_problem(artifact_.cluster(), artifact_.profiles());
  HelixSystem one =
      helix_system(swarm_network(problem, place_swarm(problem).placement), artifact_.cluster());
  one.scheduler = RequestScheduler::kSwarm;
  one.load = helix_load(experiment_, "swarm");
  out.systems.push_back(std::move(one));
  return out;
}

HelixMethod Methods::separate() const {
  HelixMethod out{"separate", "separate"};
  for (const std::string& type : helix_machine_types()) {
    HelixSystem one = helix_system(artifact_.layout("separate", type), artifact_.cluster_of(type));
    one.machine_type = type;
    one.scheduler = RequestScheduler::kRandom;
    one.load = helix_load(experiment_, "separate", type);
    out.systems.push_back(std::move(one));
  }
  return out;
}

HelixMethod Methods::highhet_separate(bool plus) const {
  HelixMethod out{plus ? "separate-plus" : "separate", ""};
  std::vector<std::vector<std::string>> pipelines = {{"A100"}, {"L4"}, {"L4x2"}, {"T4x4"}};
  if (plus) pipelines.push_back({"V100", "T4"});
  for (const std::vector<std::string>& types : pipelines) {
    ServedNetwork network = helix_pipeline(artifact_, types);
    const ServingCluster own = take_own_machines(network, artifact_.cluster());
    HelixSystem one = helix_system(std::move(network), own);
    one.machine_type = fmt::format("{}", fmt::join(types, "+"));
    // The artifact's loads are tuned to caches that were not recorded.
    one.overflow = OverflowPolicy::kPreempt;
    one.scheduler = RequestScheduler::kRandom;
    one.load = helix_load(experiment_, "separate", one.machine_type);
    out.systems.push_back(std::move(one));
  }
  return out;
}

HelixMethod Methods::searched(PlacementObjective objective) const {
  const bool served = objective == PlacementObjective::kServed;
  HelixMethod out{served ? "sextant" : "sextant-flow", "helix"};
  out.ours = true;
  const PlacementProblem problem = placement_problem(artifact_.cluster(), artifact_.profiles());
  PlacementSearchOptions search;
  search.objective = objective;
  search.seed = options_.seed;
  search.threads = options_.threads;
  search.lengths = recorded_.lengths;
  const double offered = helix_offered_tokens_per_s(experiment_);
  if (experiment_.online) search.offered_tokens_per_s = offered;
  const auto start = std::chrono::steady_clock::now();
  const PlacementResult found = search_placement(problem, search);
  out.search_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  out.evaluations = found.evaluations;
  out.complete = found.complete;
  if (found.placement.empty()) {
    out.reason = found.reason;
    return out;
  }
  HelixSystem one = helix_system(
      served_network(artifact_.cluster(), artifact_.profiles(), found.placement, false),
      artifact_.cluster());
  assign_own_flow(one, artifact_.cluster());
  one.load = {
      offered,
      helix_load(experiment_, "helix", one_system_per_type() ? "A100" : "").initial_requests};
  out.systems.push_back(std::move(one));
  return out;
}

HelixMethod Methods::layout(const std::string& placement, const std::string& flow_file,
                            Split split) const {
  const bool partial = placement == "petals";
  HelixMethod out{split == Split::kOwn ? placement + "-own-split" : placement, placement};
  HelixSystem one = helix_system(artifact_.layout(placement), artifact_.cluster(), partial);
  if (split == Split::kOwn) {
    assign_own_flow(one, artifact_.cluster());
  } else {
    artifact_.read_flow(flow_file, one.network);
  }
  one.load = helix_load(experiment_, "helix");
  out.systems.push_back(std::move(one));
  return out;
}

HelixMethod Methods::scheduled(RequestScheduler scheduler, Split split) const {
  const std::string_view name = kRequestSchedulerNames[static_cast<std::size_t>(scheduler)];
  const bool flow = scheduler == RequestScheduler::kFlow;
  HelixMethod out;
  out.name = flow ? (split == Split::kOwn ? "helix-own-split" : "helix") : std::string(name);
  out.published = flow ? "helix" : std::string(name);
  HelixSystem one = helix_system(
      read_flattened_network(artifact_.simulator_input(flow ? "request_scheduling_placement"
                                                            : "request_scheduling_noflow"),
                             artifact_.cluster(), artifact_.profiles()),
      artifact_.cluster());
  if (split == Split::kOwn) assign_own_flow(one, artifact_.cluster());
  one.scheduler = scheduler;
  one.load = helix_load(experiment_, "helix");
  if (!flow) one.load.initial_requests = kHelixSchedulingRequests;
  out.systems.push_back(std::move(one));
  return out;
}

std::vector<Methods::Maker> Methods::makers() const {
  const std::vector<Maker> ours = {
      {"sextant", [this] { return searched(PlacementObjective::kServed); }},
      {"sextant-flow", [this] { return searched(PlacementObjective::kFlow); }}};
  const Maker recorded_split = {"helix", [this] { return helix(Split::kRecorded); }};
  const Maker own_split = {"helix-own-split", [this] { return helix(Split::kOwn); }};
  std::vector<Maker> all;
  const auto add_layout = [&](const std::string& placement, const std::string& flow_file) {
    all.push_back(
        {placement, [=, this] { return layout(placement, flow_file, Split::kRecorded); }});
    all.push_back(
        {placement + "-own-split", [=, this] { return layout(placement, "", Split::kOwn); }});
  };
  const auto add_scheduled = [&](const std::string& name, RequestScheduler scheduler, Split split) {
    all.push_back({name, [=, this] { return scheduled(scheduler, split); }});
  };
  switch (experiment_.study) {
    case Study::kPlacement:
      all = {recorded_split, own_split};
      add_layout("swarm", "swarmplacement");
      add_layout("petals", "petals_hashseed1");
      break;
    case Study::kScheduling:
      add_scheduled("helix", RequestScheduler::kFlow, Split::kRecorded);
      add_scheduled("helix-own-split", RequestScheduler::kFlow, Split::kOwn);
      add_scheduled("swarm", RequestScheduler::kSwarm, Split::kRecorded);
      add_scheduled("random", RequestScheduler::kRandom, Split::kRecorded);
      add_scheduled("shortest-queue", RequestScheduler::kShortestQueue, Split::kRecorded);
      return all;
    case Study::kServing:
      if (experiment_.cluster == "highhet") {
        all = {own_split,
               {"swarm", [this] { return highhet_swarm(); }},
               {"separate", [this] { return highhet_separate(false); }},
               {"separate-plus", [this] { return highhet_separate(true); }}};
      } else {
        all = {recorded_split,
               own_split,
               {"swarm", [this] { return swarm(); }},
               {"separate", [this] { return separate(); }}};
      }
      break;
  }
  all.insert(all.end(), ours.begin(), ours.end());
  return all;
}

}  // namespace

std::vector<HelixMethod> helix_methods(const HelixExperiment& experiment,
                                       const HelixArtifact& artifact,
                                       const RecordedRequests& recorded,
                                       const HelixMethodOptions& options) {
  const Methods methods(experiment, artifact, recorded, options);
  std::vector<Methods::Maker> makers = methods.makers();
  std::vector<std::string> names;
  for (const Methods::Maker& maker : makers) names.push_back(maker.name);
  for (const std::string& name : options.methods) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      throw_usage(fmt::format("helix {} has no method {}; there are: {}", experiment.name,
                              quote(name), fmt::join(names, ", ")));
    }
  }
  if (!options.methods.empty()) {
    std::erase_if(makers, [&](const Methods::Maker& maker) {
      return std::find(options.methods.begin(), options.methods.end(), maker.name) ==
             options.methods.end();
    });
  }
  Progress progress("placements", makers.size(), options.progress);
  std::vector<HelixMethod> out;
  for (const Methods::Maker& maker : makers) {
    out.push_back(maker.make());
    progress.update(out.size(), maker.name);
  }
  return out;
}

}  // namespace sextant
