#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyzer/core/evidence.h"
#include "analyzer/core/json_document.h"
#include "analyzer/network/collective_cost.h"
#include "analyzer/network/communication_op.h"
#include "analyzer/network/fit_record.h"
#include "analyzer/network/link_level.h"
#include "analyzer/network/link_model.h"

namespace sextant {

/// One link class of a network document.
struct LinkClass {
  /// send_recv, or a copy between memories, which look-ups of links between GPUs pass over.
  CommunicationOp op = CommunicationOp::kSendRecv;
  std::string gpu;           ///< GPU type whose machines have it; "" = every type
  std::string from_zone;     ///< of a link between zones; it serves the way back too, unless the
  std::string to_zone;       ///< document has another for that. "" on the inner levels
  std::string interconnect;  ///< for people, "100 Gb/s Ethernet"
  /// GPUs of a machine that sent together when `model` was measured; its bandwidth is their sum.
  int senders = 1;
  LinkModel model;
  /// What all GPUs of a machine can send together, bytes/s: its NICs. Infinite where each GPU has
  /// its own.
  double node_bandwidth_bytes_per_s;
  Evidence evidence = Evidence::kEstimated;
  std::string source;
  std::optional<FitRecord> fit;  ///< absent: nobody fitted it to points

  /// Whether both are about the same link; one stands in a level.
  bool same_link(const LinkClass& other) const;
};

/// A collective among GPUs of one type whose ranks span one level.
struct CollectiveClass {
  struct World {
    int world_size = 2;
    LinkModel model;
    FitRecord fit;
  };
  struct Terms {
    CollectiveTerms terms;
    FitRecord fit;
  };
  CommunicationOp op = CommunicationOp::kAllReduce;
  LinkLevel level = LinkLevel::kInsideNode;
  std::string gpu;             ///< "" = every type
  std::vector<World> worlds;   ///< measured ones, ascending
  std::optional<Terms> terms;  ///< from which others are composed
  Evidence evidence = Evidence::kEstimated;
  std::string source;

  bool same_collective(const CollectiveClass& other) const;
};

/// What a network document says, for those who write one. NetworkDocument answers questions.
struct NetworkContent {
  std::string name;
  std::string source;
  std::vector<LinkClass> levels[kLinkLevels];
  std::vector<CollectiveClass> collectives;

  bool empty() const;
  /// Enters the links and collectives of `other`; what is about the same is replaced, worlds of a
  /// collective one by one.
  void update(const NetworkContent& other);
};

/// Reads a document, which may stand inside another. Throws Error(kBadInput).
NetworkContent network_content_from(const JsonNode& root);
OrderedJson network_json(const NetworkContent& content);

}  // namespace sextant
