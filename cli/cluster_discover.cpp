#include <charconv>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <unistd.h>

#include <fmt/format.h>

#include "analyzer/cluster/discover/command_text.h"
#include "analyzer/cluster/discover/discovered_cluster.h"
#include "analyzer/core/byte_size.h"
#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/network/network_document.h"
#include "cli/cluster_parts.h"
#include "cli/command_output.h"
#include "profiler/device/nvidia_driver.h"

namespace sextant::cli {

namespace {

struct Arguments {
  std::string scontrol;
  std::string sinfo;
  std::string gpus_listing;
  std::string topology;
  std::string sysfs;
  std::string ibstat;
  std::string host;
  std::vector<std::string> partitions;
  std::vector<std::string> zones;
  std::string zone_by;
  std::vector<std::string> gpus;
  std::vector<std::string> prices;
  std::vector<std::string> gpus_per_node;
  std::string network;
  std::string name;
  std::string output;

  /// Whether saved output is read instead of asking the running system.
  bool from_files() const {
    for (const std::string* file : {&scontrol, &sinfo, &gpus_listing, &topology, &sysfs, &ibstat}) {
      if (!file->empty()) return true;
    }
    return false;
  }
};

// ---- saved output

SiteFacts facts_of_files(const Arguments& arguments) {
  SiteFacts site;
  if (!arguments.scontrol.empty()) {
    site.slurm_source = arguments.scontrol;
    site.nodes = parse_scontrol_nodes(read_file(arguments.scontrol), arguments.scontrol);
  } else if (!arguments.sinfo.empty()) {
    site.slurm_source = arguments.sinfo;
    site.nodes = parse_sinfo_table(read_file(arguments.sinfo), arguments.sinfo);
  }
  if (!site.nodes.empty()) {
    site.looked_at.push_back(fmt::format("{}: {} nodes", site.slurm_source, site.nodes.size()));
  }
  MachineFacts machine;
  machine.host = arguments.host;
  if (!arguments.gpus_listing.empty()) {
    machine.gpus_source = arguments.gpus_listing;
    machine.gpus = parse_gpu_listing(read_file(arguments.gpus_listing), machine.gpus_source);
    site.looked_at.push_back(fmt::format("{}: {} GPUs", machine.gpus_source, machine.gpus->size()));
  }
  if (!arguments.topology.empty()) {
    machine.topology_source = arguments.topology;
    machine.topology =
        parse_topology_matrix(read_file(arguments.topology), machine.topology_source);
  }
  if (!arguments.ibstat.empty()) {
    machine.cards_source = arguments.ibstat;
    machine.cards = parse_ibstat(read_file(arguments.ibstat), machine.cards_source);
  } else if (!arguments.sysfs.empty()) {
    machine.cards_source = arguments.sysfs;
    machine.cards = cards_of_sysfs(arguments.sysfs);
  }
  if (machine.gpus || machine.topology || machine.cards) site.machine = std::move(machine);
  return site;
}

// ---- the running system

/// The first line of what a command complained about.
std::string complaint(const CommandOutput& output) {
  const std::string line = output.err.substr(0, output.err.find('\n'));
  return line.empty() ? fmt::format("exit code {}", output.exit_code) : quote(line);
}

void ask_slurm(SiteFacts& site) {
  const auto ask = [&](const std::vector<std::string>& command, const std::string& source,
                       auto parse) {
    const CommandOutput output = output_of(command);
    if (!output.started) {
      site.looked_at.push_back(fmt::format("{} (not here)", source));
    } else if (output.exit_code != 0) {
      site.looked_at.push_back(fmt::format("{} ({})", source, complaint(output)));
    } else {
      site.slurm_source = source;
      site.nodes = parse(output.out, source);
      site.looked_at.push_back(fmt::format("{}: {} nodes", source, site.nodes.size()));
    }
  };
  ask({"scontrol", "show", "node", "-o"}, "scontrol show node", parse_scontrol_nodes);
  if (!site.nodes.empty()) return;
  ask({"sinfo", "-N", "-o", "%N|%P|%G|%T|%f"}, "sinfo", parse_sinfo_table);
}

void ask_driver(SiteFacts& site, MachineFacts& machine) {
  const profiler::NvidiaDriver driver = profiler::ask_nvidia_driver();
  if (driver.state == profiler::Nvml::State::kAbsent) {
    site.looked_at.emplace_back("the NVIDIA driver (not here)");
    return;
  }
  if (driver.state == profiler::Nvml::State::kFailing) {
    site.looked_at.push_back(fmt::format("the NVIDIA driver ({})", quote(driver.problem)));
    return;
  }
  machine.gpus_source = "NVML";
  machine.gpus.emplace();
  for (const profiler::NvidiaGpu& gpu : driver.gpus) {
    ListedGpu listed;
    listed.name = foreign_name(gpu.name, "NVML", "the name of a GPU");
    if (gpu.memory_bytes > 0) listed.memory_bytes = gpu.memory_bytes;
    machine.gpus->push_back(std::move(listed));
  }
  site.looked_at.push_back(fmt::format("the NVIDIA driver: {} GPUs", driver.gpus.size()));
  if (driver.gpus.empty()) return;
  const CommandOutput output = output_of({"nvidia-smi", "topo", "-m"});
  if (output.started && output.exit_code == 0) {
    machine.topology_source = "nvidia-smi topo -m";
    machine.topology = parse_topology_matrix(output.out, machine.topology_source);
  }
}

SiteFacts facts_of_system(const Arguments& arguments) {
  SiteFacts site;
  ask_slurm(site);
  MachineFacts machine;
  machine.host = arguments.host;
  if (machine.host.empty()) {
    char name[256] = {};
    if (::gethostname(name, sizeof name - 1) == 0) machine.host = name;
  }
  machine.inside_job = std::getenv("SLURM_JOB_ID") != nullptr;
  ask_driver(site, machine);
  const bool has_gpus = machine.gpus && !machine.gpus->empty();
  machine.cards_source = "/sys";
  machine.cards = cards_of_sysfs(machine.cards_source);
  // A machine without GPUs, as a login node, says nothing of those that have some.
  if (has_gpus) site.machine = std::move(machine);
  return site;
}

// ---- options

/// "KEY=VALUE" in two; the key ends at the last equals sign, which no name of a GPU has.
std::pair<std::string, std::string> key_and_value(const std::string& option,
                                                  const std::string& text,
                                                  std::string_view example) {
  const std::size_t equals = text.rfind('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
    throw_usage(fmt::format("{} expects {}, found {}", option, example, quote(text)));
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

std::string shipped_name(const std::string& name) {
  const auto spec = find_gpu(name);
  return spec ? spec->name : foreign_name(name, "--gpu", "the name of a GPU type");
}

NamedGpu named_gpu(const std::string& text) {
  NamedGpu named;
  const std::size_t colon = text.rfind(':');
  named.type = shipped_name(text.substr(0, colon));
  if (colon != std::string::npos) named.memory_bytes = byte_size("--gpu", text.substr(colon + 1));
  constexpr double kLeast = 1e8;
  constexpr double kMost = 1e14;
  if (colon != std::string::npos &&
      !(named.memory_bytes >= kLeast && named.memory_bytes <= kMost)) {
    throw_usage(
        fmt::format("--gpu: {} is no memory of a GPU, as in 80GiB", quote(text.substr(colon + 1))));
  }
  if (named.memory_bytes == 0 && !find_gpu(named.type)) {
    throw_usage(
        fmt::format("--gpu: nothing is known of {}: add its memory, as in --gpu a6000=A6000:48GiB",
                    quote(named.type)));
  }
  return named;
}

double usd(const std::string& text) {
  constexpr double kMost = 10'000;
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || !(value > 0 && value <= kMost)) {
    throw_usage(fmt::format("--price expects USD for a GPU and hour, at most 10,000, found {}",
                            quote(text)));
  }
  return value;
}

DiscoverOptions options_of(const Arguments& arguments) {
  DiscoverOptions options;
  options.name = arguments.name;
  options.partitions = arguments.partitions;
  options.zones = arguments.zones;
  if (arguments.zone_by == "partition") {
    options.zone_by = ZoneBy::kPartition;
  } else if (arguments.zone_by == "feature") {
    options.zone_by = ZoneBy::kFeature;
  } else {
    if (options.zones.size() > 1) throw_usage("several --zone need --zone-by partition or feature");
    if (options.zones.empty()) options.zones = {"site"};
  }
  for (const std::string& zone : options.zones) foreign_name(zone, "--zone", "the name of a zone");
  if (!options.name.empty()) foreign_name(options.name, "--name", "a name");
  for (const std::string& text : arguments.gpus) {
    const auto [key, value] = key_and_value("--gpu", text, "NAME=TYPE, as in a100=A100-80");
    options.gpus[upper_case(key)] = named_gpu(value);
  }
  for (const std::string& text : arguments.prices) {
    const auto [key, value] = key_and_value("--price", text, "TYPE=USD, as in A100-80=2.5");
    options.usd_per_hour[shipped_name(key)] = usd(value);
  }
  for (const std::string& text : arguments.gpus_per_node) {
    constexpr int kMost = 1024;
    const auto [key, value] = key_and_value("--gpus-per-node", text, "TYPE=N, as in A100-80=8");
    const auto count = whole_number(value, kMost);
    if (!count || *count == 0) {
      throw_usage(fmt::format("--gpus-per-node expects a number of GPUs, found {}", quote(value)));
    }
    options.gpus_per_node[shipped_name(key)] = *count;
  }
  return options;
}

/// Notes between which pools the network knows no link.
void note_missing_links(Cluster& cluster, const Network& network) {
  for (std::size_t i = 0; i < cluster.pools.size(); ++i) {
    for (std::size_t j = i; j < cluster.pools.size(); ++j) {
      const GpuPool& from = cluster.pools[i];
      const GpuPool& to = cluster.pools[j];
      if (i == j && from.node_count() < 2) continue;
      if (network.find({from.zone, from.gpu, from.gpus_per_node},
                       {to.zone, to.gpu, to.gpus_per_node})) {
        continue;
      }
      cluster.notes.push_back(fmt::format("the network knows no link from {} in {} to {} in {}",
                                          from.gpu, from.zone, to.gpu, to.zone));
    }
  }
}

int discover(const Arguments& arguments, const Session& session) {
  const DiscoverOptions options = options_of(arguments);
  const SiteFacts site =
      arguments.from_files() ? facts_of_files(arguments) : facts_of_system(arguments);
  std::vector<GpuSpec> known;
  for (const std::string& name : gpu_names()) known.push_back(gpu_named(name));
  Cluster cluster = discover_cluster(site, options, known);
  OrderedJson network;
  if (arguments.network.empty()) {
    cluster.notes.emplace_back("no network: plans that leave a node need one (--network)");
  } else {
    note_missing_links(cluster, *read_network(arguments.network));
    network = relative_to_document(arguments.network, arguments.output);
  }
  write_cluster(cluster, std::move(network), arguments.output, session);
  for (const std::string& note : cluster.notes) std::cerr << "note: " << note << '\n';
  return 0;
}

}  // namespace

void add_cluster_discover(CLI::App& cluster, Session& session) {
  CLI::App* command = cluster.add_subcommand(
      "discover",
      "The cluster that Slurm, the NVIDIA driver and the network cards tell of: of the running "
      "system, or, where one of the first six options is given, of saved output alone");
  add_common_options(*command, session);
  const auto arguments = std::make_shared<Arguments>();
  CLI::Option* scontrol =
      command->add_option("--scontrol", arguments->scontrol, "Saved output of scontrol show node");
  command
      ->add_option("--sinfo", arguments->sinfo,
                   "Saved output of sinfo -N -o '%N|%P|%G|%T|%f', instead of it")
      ->excludes(scontrol);
  command->add_option("--gpus", arguments->gpus_listing,
                      "Saved output, of one node, of nvidia-smi -L or of nvidia-smi "
                      "--query-gpu=name,memory.total --format=csv");
  command->add_option("--topo", arguments->topology,
                      "Saved output of nvidia-smi topo -m of that node");
  CLI::Option* sysfs =
      command->add_option("--sysfs", arguments->sysfs,
                          "Copy of that node's /sys (class/net and class/infiniband of it)");
  command->add_option("--ibstat", arguments->ibstat, "Saved output of ibstat of that node")
      ->excludes(sysfs);
  command->add_option("--host", arguments->host, "Which node that is; needed where nodes differ");
  command->add_option("--partition", arguments->partitions, "Only nodes of these partitions")
      ->delimiter(',')
      ->type_name("P,P,...");
  command
      ->add_option("--zone", arguments->zones,
                   "Zone of all nodes (by default \"site\"); with --zone-by those that are zones")
      ->delimiter(',')
      ->type_name("Z,Z,...");
  command
      ->add_option("--zone-by", arguments->zone_by,
                   "A node's zone is its partition or feature, where it has one of them")
      ->check(CLI::IsMember({"partition", "feature"}));
  command
      ->add_option("--gpu", arguments->gpus,
                   "What a name of Slurm or the driver means, as in a100=A100-80 or "
                   "a6000=A6000:48GiB; gpu=... where Slurm has no name")
      ->type_name("NAME=TYPE");
  command
      ->add_option("--gpus-per-node", arguments->gpus_per_node,
                   "Only nodes with so many GPUs of the type count")
      ->type_name("TYPE=N");
  command->add_option("--price", arguments->prices, "USD for a GPU and hour; unknown ones are free")
      ->type_name("TYPE=USD");
  command->add_option("--network", arguments->network, "Measured network that the cluster names");
  command->add_option("--name", arguments->name, "Name of the cluster");
  command->add_option("-o,--output", arguments->output, "Cluster document to write; else stdout");
  command->callback([arguments, &session] {
    session.action = [arguments, &session] { return discover(*arguments, session); };
  });
}

}  // namespace sextant::cli
