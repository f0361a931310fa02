#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/core/evidence.h"
#include "analyzer/core/json_document.h"
#include "analyzer/serving/placement.h"

namespace sextant {

/// Which layers each machine holds, and what is known of it: document kind `placement`
/// (profiles/schema/placement.json).
struct PlacementDocument {
  struct Machine {
    std::string name;
    std::string type;
    LayerInterval layers;  ///< empty where it is not used
  };
  /// Between two machines, or one and the "coordinator".
  struct Edge {
    std::string from;
    std::string to;
    double tokens_per_s = 0;
  };

  std::string model;
  std::string cluster;
  int layers = 0;  ///< of the model
  bool partial_inference = false;
  std::string method;     ///< "sextant", "milp", "petals", …
  std::string objective;  ///< "served" or "flow"; "" of methods that have none
  std::uint64_t seed = 0;
  std::vector<Machine> machines;  ///< of the cluster, in its order
  std::vector<Edge> flow;         ///< of a maximum flow, as schedulers count it
  double flow_tokens_per_s = 0;   ///< as planners count it
  double upper_bound_tokens_per_s = 0;
  bool proved = false;   ///< no placement has more flow
  bool complete = true;  ///< false: a limit ended the search
  std::int64_t evaluations = 0;
  Evidence evidence = Evidence::kEstimated;
  std::string source;  ///< file it came from

  /// What more flow another placement could have at most, as a share of the bound.
  double gap() const;
};

inline constexpr std::string_view kCoordinatorName = "coordinator";

/// The edges of a network whose links have a flow.
std::vector<PlacementDocument::Edge> flow_edges(const ServedNetwork& network);

OrderedJson to_json(const PlacementDocument& document);
/// Throws Error(kBadInput) naming the member that is missing, unknown, out of range or
/// contradictory.
PlacementDocument placement_document_from(const JsonDocument& document);

/// The layers of each of the cluster's machines. Throws Error(kBadInput) where the document is of
/// another model, names a machine that the cluster has not or has with another type, or has layers
/// that the model has not. Machines it does not name hold nothing.
Placement placement_of(const PlacementDocument& document, const ServingCluster& cluster,
                       const ServedModel& model);

}  // namespace sextant
