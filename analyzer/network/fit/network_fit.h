#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analyzer/network/bandwidth_document.h"
#include "analyzer/network/fit/link_fit.h"
#include "analyzer/network/network_content.h"

namespace sextant {

struct NetworkFitOptions {
  std::optional<LinkModel::Kind> model;  ///< nothing: chosen by sizes left out
  std::optional<CommunicationOp> op;     ///< nothing: all
  std::string name = "fitted";           ///< of the network
};

/// One fitted curve with what it was fitted to, for tables and plots.
struct FittedCurve {
  std::string
      title;  ///< "H200-141 between_nodes, 4 senders", "all_reduce of 8 H200-141 inside_node"
  std::vector<FitPoint> points;
  LinkModel model;
  FitRecord record;
  Evidence evidence;
};

struct NetworkFit {
  NetworkContent content;
  std::vector<FittedCurve> curves;    ///< in the order of the content: links, then collectives
  std::vector<std::string> problems;  ///< what was left out and why; one sentence each
};

/// Fits all that was measured. send_recv of pairs and halves, and copies, become links: bytes are
/// what all senders of a machine send together. Collectives become models of each world and terms
/// for others. Sweeps of the same class (operation, level, GPU type, zones, number of senders or
/// ranks), whatever their data type, are pooled: at each size their median counts. Points whose
/// values were wrong are left out and named, and so are sweeps that no document can hold. Throws
/// Error(kBadInput) where nothing is left to fit.
NetworkFit fit_network(std::span<const BandwidthDocument> documents,
                       const NetworkFitOptions& options = {});

}  // namespace sextant
