#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/core/json_document.h"
#include "analyzer/network/link_level.h"
#include "analyzer/network/link_model.h"
#include "analyzer/network/network_content.h"

namespace sextant {

/// Document `network`: link classes on three levels. A look-up for k GPUs that send together takes
/// the class of their GPU type (or that of every type), and of its entries the one measured with
/// most senders, but no more than k:
/// - quadratic: as it was measured, since a fit says nothing of another number of senders;
/// - others: k / senders such links side by side, but not faster than the machine's NICs
///   (LinkModel::scaled).
/// Between nodes the slower of both sides serves, with the longer latency. Between zones the link
/// of the two zones serves, and what the document says of either side's NICs limits it.
class NetworkDocument : public Network {
 public:
  /// Reads a document, which may stand inside another. Throws Error(kBadInput).
  explicit NetworkDocument(const JsonNode& root);

  const std::string& name() const { return content_.name; }
  /// All of a level, copies too.
  const std::vector<LinkClass>& links(LinkLevel level) const {
    return content_.levels[static_cast<std::size_t>(level)];
  }
  const NetworkContent& content() const { return content_; }

  LinkModel between(const LinkEnd& from, const LinkEnd& to) const override;
  /// Bandwidth of one GPU while `count` of a machine exchange data.
  std::optional<LinkModel> inside_node(std::string_view gpu, int count) const override;
  /// What a collective of `world_size` ranks of a GPU type costs whose ranks span `level`: as it
  /// was measured, else composed from ring and tree costs; nothing where neither can tell.
  std::optional<CollectiveTime> collective(CommunicationOp op, std::string_view gpu,
                                           LinkLevel level, int world_size) const override;
  std::string describe() const override;

 private:
  std::vector<const LinkClass*> between_nodes(std::string_view gpu) const;
  std::vector<const LinkClass*> of_zones(std::string_view from, std::string_view to) const;
  LinkModel inside_zone(const LinkEnd& from, const LinkEnd& to) const;
  LinkModel across_zones(const LinkEnd& from, const LinkEnd& to) const;
  [[noreturn]] void missing(LinkLevel level, const LinkEnd& from, const LinkEnd& to) const;

  std::string file_;
  NetworkContent content_;
};

std::shared_ptr<const NetworkDocument> read_network(const std::filesystem::path& path);

}  // namespace sextant
