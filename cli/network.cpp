#include <charconv>
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
  std::vector<std::string> bytes;
  std::string from;
  std::string to;
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

double byte_count(const std::string& text) {
  constexpr double kMost = 1e18;
  double value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || !(value >= 1 && value <= kMost)) {
    throw_usage(fmt::format("--bytes expects sizes from 1 to 1e18, as in 1000,64e6; found {}",
                            quote(text)));
  }
  return std::floor(value);
}

/// The link between --from and --to, or the only one that the network has.
LinkModel chosen_link(const Network& network, const Arguments& arguments) {
  if (!arguments.from.empty()) {
    const GpuCount from = gpu_count_from(arguments.from);
    const GpuCount to = gpu_count_from(arguments.to.empty() ? arguments.from : arguments.to);
    return network.between({from.zone, from.gpu, from.count}, {to.zone, to.gpu, to.count});
  }
  const auto* document = dynamic_cast<const NetworkDocument*>(&network);
  std::vector<const LinkClass*> all;
  for (int level = 0; document != nullptr && level < kLinkLevels; ++level) {
    for (const LinkClass& link : document->links(static_cast<LinkLevel>(level))) {
      all.push_back(&link);
    }
  }
  if (all.size() != 1) {
    throw_usage(
        "the network has several links; choose one, as in --from 4xA100-40@us-central1-a "
        "--to 4xV100-16@us-central1-a");
  }
  return all.front()->model;
}

int predict(const Network& network, const Arguments& arguments, const Session& session) {
  const LinkModel link = chosen_link(network, arguments);
  OrderedJson rows = OrderedJson::array();
  Table table({{"message"}, {"time"}, {"bandwidth"}, {"", Table::Align::kLeft}});
  for (const std::string& text : arguments.bytes) {
    const double bytes = byte_count(text);
    const double time_s = link.transfer_s(bytes);
    if (!(time_s > 0) || !std::isfinite(time_s)) {
      throw_bad_input(
          fmt::format("the link's fit gives no positive time for {:.0f} bytes; it holds "
                      "from {:.0f} to {:.0f} bytes",
                      bytes, link.low_bytes(), link.high_bytes()));
    }
    const bool extrapolated = link.extrapolates(bytes);
    OrderedJson row;
    row["bytes"] = static_cast<std::int64_t>(bytes);
    row["time_s"] = time_s;
    row["extrapolated"] = extrapolated;
    rows.push_back(std::move(row));
    table.add_row({format_bytes(bytes), format_seconds(time_s), format_bandwidth(bytes / time_s),
                   extrapolated ? "extrapolated" : ""});
  }
  if (session.json) {
    OrderedJson document;
    document["schema"] = schema_id("predictions");
    document["predictions"] = std::move(rows);
    print(json_text(document));
  } else {
    print(fmt::format("{}\n\n{}", network.describe(), table.text()));
  }
  return 0;
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

int list(const Network& network, const Session& session) {
  OrderedJson rows = OrderedJson::array();
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
      table.add_row({level_text(level, link), link.gpu.empty() ? "any" : link.gpu,
                     link.from_zone.empty() ? "" : link.from_zone + " - " + link.to_zone,
                     link.interconnect, std::to_string(link.senders),
                     link.model.latency_s() > 0 ? format_seconds(link.model.latency_s()) : "-",
                     format_bandwidth(link.model.peak_bytes_per_s()),
                     limited ? format_bandwidth(link.node_bandwidth_bytes_per_s) : "-",
                     model_text(link.model), std::string(to_string(link.evidence))});
    }
  }
  if (session.json) {
    OrderedJson out;
    out["schema"] = schema_id("links");
    out["network"] = network.describe();
    out["links"] = std::move(rows);
    print(json_text(out));
  } else {
    print(network.describe() + "\n" + (table.empty() ? "" : "\n" + table.text()));
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
  show->add_option("--bytes", arguments->bytes, "Message sizes to predict, as in 1000,64e6")
      ->delimiter(',')
      ->type_name("N,N,...");
  show->add_option("--from", arguments->from, "Senders, as in 4xA100-40@us-central1-a");
  show->add_option("--to", arguments->to, "Receivers; by default GPUs like the senders");
  show->callback([arguments, &session] {
    session.action = [arguments, &session] {
      const bool chosen = !arguments->from.empty() || !arguments->to.empty();
      if (arguments->bytes.empty() && !chosen && is_bandwidth(arguments->network)) {
        return show_bandwidth(read_bandwidth_document(arguments->network), session);
      }
      const auto network = network_of(*arguments, session);
      if (arguments->from.empty() && !arguments->to.empty()) throw_usage("--to needs --from");
      if (arguments->bytes.empty() && chosen) throw_usage("--from needs --bytes");
      return arguments->bytes.empty() ? list(*network, session)
                                      : predict(*network, *arguments, session);
    };
  });
  add_network_import(*command, session);
  add_network_fit(*command, session);
  add_network_compare(*command, session);
}

}  // namespace sextant::cli
