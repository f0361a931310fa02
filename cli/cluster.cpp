#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "analyzer/cluster/availability_trace.h"
#include "analyzer/cluster/cluster_document.h"
#include "analyzer/cluster/sailor_cluster.h"
#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/core/table.h"
#include "analyzer/network/network_document.h"
#include "analyzer/training/shipped_gpus.h"
#include "cli/cluster_parts.h"

namespace sextant::cli {

namespace {

namespace fs = std::filesystem;

/// The link between full nodes of two pools; nothing where the network has none.
std::optional<LinkModel> link_of(const Cluster& cluster, const GpuPool& from, const GpuPool& to) {
  return cluster.network->find({from.zone, from.gpu, from.gpus_per_node},
                               {to.zone, to.gpu, to.gpus_per_node});
}

double usd_per_hour(const Cluster& cluster) {
  double sum = 0;
  for (const GpuPool& pool : cluster.pools) sum += pool.count * pool.usd_per_hour;
  return sum;
}

OrderedJson summary_json(const Cluster& cluster) {
  OrderedJson out;
  out["schema"] = schema_id("cluster_summary");
  out["name"] = cluster.name;
  out["cluster"] = cluster.summary();
  out["gpus"] = cluster.gpu_count();
  out["usd_per_hour"] = usd_per_hour(cluster);
  out["price_date"] = cluster.price_date;
  out["network"] = cluster.network->describe();
  out["pools"] = OrderedJson::array();
  out["links"] = OrderedJson::array();
  for (const GpuPool& pool : cluster.pools) {
    OrderedJson row;
    row["gpu"] = pool.gpu;
    row["zone"] = pool.zone;
    row["count"] = pool.count;
    row["nodes"] = pool.node_count();
    row["gpus_per_node"] = pool.gpus_per_node;
    row["memory_bytes"] = pool.memory_bytes;
    row["usd_per_gpu_hour"] = pool.usd_per_hour;
    out["pools"].push_back(std::move(row));
    for (const GpuPool& other : cluster.pools) {
      const auto link = link_of(cluster, pool, other);
      OrderedJson entry;
      entry["from"] = fmt::format("{}x{}@{}", pool.gpus_per_node, pool.gpu, pool.zone);
      entry["to"] = fmt::format("{}x{}@{}", other.gpus_per_node, other.gpu, other.zone);
      entry["peak_bytes_per_s"] = link ? OrderedJson(link->peak_bytes_per_s()) : OrderedJson();
      entry["egress_usd_per_byte"] = cluster.egress(pool.zone, other.zone);
      out["links"].push_back(std::move(entry));
    }
  }
  out["notes"] = cluster.notes;
  return out;
}

std::string summary_text(const Cluster& cluster) {
  Table pools({{"GPU", Table::Align::kLeft},
               {"zone", Table::Align::kLeft},
               {"GPUs"},
               {"nodes"},
               {"GPUs a node"},
               {"memory"},
               {"USD per GPU hour"}});
  Table links({{"full node of", Table::Align::kLeft},
               {"to", Table::Align::kLeft},
               {"bandwidth"},
               {"latency"},
               {"egress USD/GB"}});
  constexpr double kBytesPerGb = 1e9;
  for (const GpuPool& pool : cluster.pools) {
    pools.add_row({pool.gpu, pool.zone, std::to_string(pool.count),
                   std::to_string(pool.node_count()), std::to_string(pool.gpus_per_node),
                   format_gib(pool.memory_bytes),
                   pool.usd_per_hour > 0 ? fmt::format("{:.4f}", pool.usd_per_hour) : "unknown"});
    for (const GpuPool& other : cluster.pools) {
      const auto link = link_of(cluster, pool, other);
      const double egress = cluster.egress(pool.zone, other.zone) * kBytesPerGb;
      links.add_row({fmt::format("{} in {}", pool.gpu, pool.zone),
                     fmt::format("{} in {}", other.gpu, other.zone),
                     link ? format_bandwidth(link->peak_bytes_per_s()) : "no link",
                     link && link->latency_s() > 0 ? format_seconds(link->latency_s()) : "-",
                     egress > 0 ? fmt::format("{:.4f}", egress) : "-"});
    }
  }
  std::string text =
      fmt::format("{}: {} GPUs, {:.2f} USD an hour{}\n\n{}\n", cluster.name, cluster.gpu_count(),
                  usd_per_hour(cluster),
                  cluster.price_date.empty() ? "" : " of " + cluster.price_date, pools.text());
  text += fmt::format("Network, {}\n\n{}", cluster.network->describe(), links.text());
  if (!cluster.notes.empty()) text += "\n";
  for (const std::string& note : cluster.notes) text += fmt::format("note: {}\n", note);
  return text;
}

struct TraceArguments {
  std::string trace;
  int row = 0;
  std::string output;
  std::string network;
  std::string gpu;
  std::string zone;
  int gpus_per_node = 0;
};

AvailabilityTrace read_trace(const TraceArguments& arguments) {
  if (!arguments.trace.ends_with(".json")) return read_trace_csv(arguments.trace);
  if (arguments.gpu.empty() || arguments.zone.empty()) {
    throw_usage("a JSON trace does not say what it counts: add --gpu and --zone");
  }
  return read_trace_json(arguments.trace, arguments.gpu, arguments.zone);
}

int from_trace(const TraceArguments& arguments, const Session& session) {
  const auto row = static_cast<std::size_t>(arguments.row);
  const std::vector<GpuCount> gpus = read_trace(arguments).available(row);
  if (!session.artifact.empty() && !arguments.network.empty()) {
    throw_usage("--artifact brings its own network; leave out --network");
  }
  Cluster cluster;
  OrderedJson network;
  if (!session.artifact.empty()) {
    cluster = SailorSite(session.artifact).cluster(gpus);
    network["artifact"] = relative_to_document(session.artifact, arguments.output);
  } else {
    cluster = cluster_of(gpus, [&](std::string_view name) {
      GpuDefaults known = shipped_gpu(name);
      if (arguments.gpus_per_node > 0) known.gpus_per_node = arguments.gpus_per_node;
      return known;
    });
    if (!arguments.network.empty()) {
      read_network(arguments.network);  // refuses now what would be refused later
      network = relative_to_document(arguments.network, arguments.output);
    } else {
      cluster.notes.emplace_back("no network: plans that leave a node need one");
    }
  }
  write_cluster(cluster, std::move(network), arguments.output, session);
  return 0;
}

}  // namespace

std::string relative_to_document(const fs::path& path, const std::string& output) {
  const fs::path folder = fs::absolute(output.empty() ? "x" : output).parent_path();
  return fs::absolute(path).lexically_normal().lexically_relative(folder.lexically_normal());
}

void write_cluster(const Cluster& cluster, OrderedJson network, const std::string& output,
                   const Session& session) {
  const std::string text = json_text(to_json(cluster, std::move(network)));
  if (!output.empty()) write_file_atomically(output, text);
  if (output.empty() || session.json) {
    print(text);
  } else {
    print(fmt::format("{}: {}, {} GPUs\n", output, cluster.summary(), cluster.gpu_count()));
  }
}

void add_cluster_command(CLI::App& program, Session& session) {
  CLI::App* command = program.add_subcommand("cluster", "Where jobs can run");
  command->require_subcommand(1);

  CLI::App* show = command->add_subcommand("show", "Pools, prices and links of a cluster");
  add_common_options(*show, session);
  const auto file = std::make_shared<std::string>();
  show->add_option("CLUSTER", *file, "Cluster document")->required();
  show->callback([file, &session] {
    session.action = [file, &session] {
      const Cluster cluster = read_cluster(*file, shipped_gpu);
      print(session.json ? json_text(summary_json(cluster)) : summary_text(cluster));
      return 0;
    };
  });

  CLI::App* trace = command->add_subcommand(
      "from-trace", "The cluster that a row of an availability trace stands for");
  add_common_options(*trace, session);
  const auto arguments = std::make_shared<TraceArguments>();
  trace
      ->add_option("TRACE", arguments->trace,
                   "CSV \",Timestamp,<gpu>_<zone>,...\" or JSON [{\"Time\", \"GPUs\"}]")
      ->required();
  trace->add_option("--row", arguments->row, "Row of the trace, from 0")
      ->required()
      ->check(CLI::NonNegativeNumber);
  trace->add_option("-o,--output", arguments->output, "Cluster document to write; else stdout");
  trace->add_option("--network", arguments->network, "Network document that the cluster names");
  trace
      ->add_option("--gpus-per-node", arguments->gpus_per_node,
                   "By default that of the GPU type's usual server")
      ->check(CLI::Range(1, 1024));
  trace->add_option("--gpu", arguments->gpu, "GPU type that a JSON trace counts");
  trace->add_option("--zone", arguments->zone, "Zone that a JSON trace counts in");
  trace->callback([arguments, &session] {
    session.action = [arguments, &session] { return from_trace(*arguments, session); };
  });
  add_cluster_discover(*command, session);
  add_cluster_generate(*command, session);
}

}  // namespace sextant::cli
