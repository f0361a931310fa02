#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/cluster/cluster_document.h"
#include "analyzer/core/error.h"
#include "analyzer/core/json_document.h"
#include "analyzer/core/table.h"
#include "analyzer/network/network_document.h"
#include "analyzer/network/sailor_network.h"
#include "analyzer/training/shipped_gpus.h"
#include "cli/commands.h"
#include "cli/network_parts.h"

namespace sextant::cli {

namespace {

struct Arguments {
  std::string network;  ///< document, cluster or artifact directory; "" = that of --artifact
  TransferQuestion question;
};

/// Whether a document `bandwidth` was named, which is shown as it was measured.
bool is_bandwidth(const std::string& path) {
  return std::filesystem::is_regular_file(path) && JsonDocument::read(path).kind() == "bandwidth";
}

std::shared_ptr<const Network> network_of(const Arguments& arguments, const Session& session) {
  if (arguments.network.empty()) {
    if (session.artifact.empty()) throw_usage("expected a NETWORK or --artifact DIR");
    return read_sailor_network(session.artifact);
  }
  if (std::filesystem::is_directory(arguments.network)) {
    return read_sailor_network(arguments.network);
  }
  if (JsonDocument::read(arguments.network).kind() == "cluster") {
    return read_cluster(arguments.network, shipped_gpu).network;
  }
  return read_network(arguments.network);
}

std::string model_text(const LinkModel& model) {
  switch (model.kind()) {
    case LinkModel::Kind::kLatencyBandwidth:
      return "latency + bandwidth";
    case LinkModel::Kind::kQuadraticLog2Mb:
      return fmt::format("quadratic in log2 MB: {}", fmt::join(model.coefficients(), ", "));
    case LinkModel::Kind::kSegments:
      return fmt::format("{} segments", model.segments().size());
    case LinkModel::Kind::kSaturating:
      return "saturating";
  }
  return "";
}

std::string level_text(LinkLevel level, const LinkClass& link) {
  std::string text{to_string(level)};
  if (link.op != CommunicationOp::kSendRecv) text += fmt::format(", {}", to_string(link.op));
  return text;
}

OrderedJson link_json(LinkLevel level, const LinkClass& link) {
  OrderedJson row;
  row["level"] = to_string(level);
  if (link.op != CommunicationOp::kSendRecv) row["op"] = to_string(link.op);
  if (!link.gpu.empty()) row["gpu"] = link.gpu;
  if (!link.from_zone.empty()) {
    row["from_zone"] = link.from_zone;
    row["to_zone"] = link.to_zone;
  }
  if (!link.interconnect.empty()) row["interconnect"] = link.interconnect;
  row["senders"] = link.senders;
  row["model"] = link.model.kind_name();
  row["coefficients"] = link.model.coefficients();
  row["peak_bytes_per_s"] = link.model.peak_bytes_per_s();
  if (std::isfinite(link.node_bandwidth_bytes_per_s)) {
    row["node_bandwidth_bytes_per_s"] = link.node_bandwidth_bytes_per_s;
  }
  row["evidence"] = to_string(link.evidence);
  row["source"] = link.source;
  return row;
}

std::string gpu_text(const std::string& gpu) {
  return gpu.empty() ? "any" : gpu;
}

OrderedJson collective_json(const CollectiveClass& collective) {
  OrderedJson worlds = OrderedJson::array();
  for (const CollectiveClass::World& world : collective.worlds) {
    worlds.push_back({{"world_size", world.world_size},
                      {"model", world.model.kind_name()},
                      {"coefficients", world.model.coefficients()},
                      {"peak_bytes_per_s", world.model.peak_bytes_per_s()}});
  }
  OrderedJson row = {{"op", to_string(collective.op)}, {"level", to_string(collective.level)}};
  if (!collective.gpu.empty()) row["gpu"] = collective.gpu;
  row["worlds"] = std::move(worlds);
  row["composes_other_worlds"] = collective.terms.has_value();
  row["evidence"] = to_string(collective.evidence);
  row["source"] = collective.source;
  return row;
}

std::string collectives_text(const std::vector<CollectiveClass>& collectives) {
  if (collectives.empty()) return "";
  Table table({{"collective", Table::Align::kLeft},
               {"level", Table::Align::kLeft},
               {"GPU", Table::Align::kLeft},
               {"ranks"},
               {"latency"},
               {"bandwidth"},
               {"model", Table::Align::kLeft},
               {"evidence", Table::Align::kLeft}});
  for (const CollectiveClass& one : collectives) {
    for (const CollectiveClass::World& world : one.worlds) {
      table.add_row({std::string(to_string(one.op)), std::string(to_string(one.level)),
                     gpu_text(one.gpu), std::to_string(world.world_size),
                     format_seconds(world.model.latency_s()),
                     format_bandwidth(world.model.peak_bytes_per_s()), model_text(world.model),
                     std::string(to_string(one.evidence))});
    }
    if (one.terms) {
      table.add_row({std::string(to_string(one.op)), std::string(to_string(one.level)),
                     gpu_text(one.gpu), "others", "-", "-", "ring and tree",
                     std::string(to_string(Evidence::kEstimated))});
    }
  }
  return "\n" + table.text();
}

int list(const Network& network, const Session& session) {
  OrderedJson rows = OrderedJson::array();
  OrderedJson collective_rows = OrderedJson::array();
  Table table({{"level", Table::Align::kLeft},
               {"GPU", Table::Align::kLeft},
               {"zones", Table::Align::kLeft},
               {"interconnect", Table::Align::kLeft},
               {"senders"},
               {"latency"},
               {"bandwidth"},
               {"of a node"},
               {"model", Table::Align::kLeft},
               {"evidence", Table::Align::kLeft}});
  const auto* document = dynamic_cast<const NetworkDocument*>(&network);
  for (int i = 0; document != nullptr && i < kLinkLevels; ++i) {
    const auto level = static_cast<LinkLevel>(i);
    for (const LinkClass& link : document->links(level)) {
      rows.push_back(link_json(level, link));
      const bool limited = std::isfinite(link.node_bandwidth_bytes_per_s);
      table.add_row({level_text(level, link), gpu_text(link.gpu),
                     link.from_zone.empty() ? "" : link.from_zone + " - " + link.to_zone,
                     link.interconnect, std::to_string(link.senders),
                     link.model.latency_s() > 0 ? format_seconds(link.model.latency_s()) : "-",
                     format_bandwidth(link.model.peak_bytes_per_s()),
                     limited ? format_bandwidth(link.node_bandwidth_bytes_per_s) : "-",
                     model_text(link.model), std::string(to_string(link.evidence))});
    }
  }
  std::string collectives;
  if (document != nullptr) {
    collectives = collectives_text(document->content().collectives);
    for (const CollectiveClass& one : document->content().collectives) {
      collective_rows.push_back(collective_json(one));
    }
  }
  if (session.json) {
    OrderedJson out;
    out["schema"] = schema_id("links");
    out["network"] = network.describe();
    out["links"] = std::move(rows);
    out["collectives"] = std::move(collective_rows);
    print(json_text(out));
  } else {
    print(network.describe() + "\n" + (table.empty() ? "" : "\n" + table.text()) + collectives);
  }
  return 0;
}

}  // namespace

void add_network_command(CLI::App& program, Session& session) {
  CLI::App* command = program.add_subcommand("network", "Links between GPUs and what they cost");
  command->require_subcommand(1);
  CLI::App* show = command->add_subcommand(
      "show",
      "List the links of a network or the sweeps of a measurement, or predict transfer times");
  add_common_options(*show, session);
  const auto arguments = std::make_shared<Arguments>();
  show->add_option("NETWORK", arguments->network,
                   "Network, cluster or bandwidth document, or an artifact's directory");
  add_transfer_options(*show, arguments->question);
  show->callback([arguments, &session] {
    session.action = [arguments, &session] {
      const TransferQuestion& question = arguments->question;
      if (!question.asked() && is_bandwidth(arguments->network)) {
        return show_bandwidth(read_bandwidth_document(arguments->network), session);
      }
      const auto network = network_of(*arguments, session);
      return question.asked() ? predict_transfers(*network, question, session)
                              : list(*network, session);
    };
  });
  add_network_import(*command, session);
  add_network_fit(*command, session);
  add_network_compare(*command, session);
}

}  // namespace sextant::cli
