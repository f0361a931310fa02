#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/core/evidence.h"
#include "analyzer/core/json_document.h"
#include "analyzer/network/link_level.h"
#include "analyzer/network/link_model.h"

namespace sextant {

/// One link class of a network document.
struct LinkClass {
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
};

/// Document `network`: link classes on three levels. A look-up for k GPUs that send together takes
/// the class of their GPU type (or that of every type), and of its entries the one measured with
/// most senders, but no more than k:
/// - latency and bandwidth: bandwidth * k / senders, but not above the machine's NICs;
/// - quadratic: as it was measured, since a fit says nothing of another number of senders.
/// Between nodes the slower of both sides serves, with the longer latency. Between zones the link
/// of the two zones serves, and what the document says of either side's NICs limits it.
class NetworkDocument : public Network {
 public:
  /// Reads a document, which may stand inside another. Throws Error(kBadInput).
  explicit NetworkDocument(const JsonNode& root);

  const std::string& name() const { return name_; }
  const std::vector<LinkClass>& links(LinkLevel level) const {
    return levels_[static_cast<std::size_t>(level)];
  }

  LinkModel between(const LinkEnd& from, const LinkEnd& to) const override;
  /// Bandwidth of one GPU while `count` of a machine exchange data.
  std::optional<LinkModel> inside_node(std::string_view gpu, int count) const override;
  std::string describe() const override;

 private:
  void add_level(const JsonNode& node);
  std::vector<const LinkClass*> between_nodes(std::string_view gpu) const;
  std::vector<const LinkClass*> of_zones(std::string_view from, std::string_view to) const;
  LinkModel inside_zone(const LinkEnd& from, const LinkEnd& to) const;
  LinkModel across_zones(const LinkEnd& from, const LinkEnd& to) const;
  [[noreturn]] void missing(LinkLevel level, const LinkEnd& from, const LinkEnd& to) const;

  std::string file_;
  std::string name_;
  std::string source_;
  std::vector<LinkClass> levels_[kLinkLevels];
};

std::shared_ptr<const NetworkDocument> read_network(const std::filesystem::path& path);

}  // namespace sextant
