#include <algorithm>
#include <memory>
#include <numeric>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/serving/formats/helix_files.h"
#include "analyzer/serving/generated/generated_cluster.h"
#include "cli/cluster_parts.h"

namespace sextant::cli {

namespace {

struct GenerateArguments {
  std::string kind;
  int machines = 0;  ///< 0: as published
  std::uint32_t seed = 0;
  std::string output;
};

int total(const std::vector<MachineCount>& counts) {
  return std::accumulate(counts.begin(), counts.end(), 0,
                         [](int sum, const MachineCount& one) { return sum + one.count; });
}

/// `total` machines in the shares of `counts`, what is left over to the largest remainders.
void scale(std::vector<MachineCount*> counts, int published, int machines) {
  std::vector<std::pair<long long, MachineCount*>> remainders;
  int given = 0;
  for (MachineCount* one : counts) {
    const long long share = static_cast<long long>(one->count) * machines;
    one->count = static_cast<int>(share / published);
    given += one->count;
    remainders.emplace_back(share % published, one);
  }
  std::stable_sort(remainders.begin(), remainders.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  for (int i = 0; i < machines - given; ++i)
    ++remainders[static_cast<std::size_t>(i)].second->count;
}

GeneratedCluster generate_mixed(MixedClusterOptions options, const GenerateArguments& arguments) {
  options.seed = arguments.seed;
  if (arguments.machines > 0) {
    std::vector<MachineCount*> counts;
    for (MachineCount& one : options.machines) counts.push_back(&one);
    scale(std::move(counts), total(options.machines), arguments.machines);
  }
  return generate_mixed_cluster(options);
}

GeneratedCluster generate_regional(RegionalClusterOptions options,
                                   const GenerateArguments& arguments) {
  options.seed = arguments.seed;
  if (arguments.machines > 0) {
    int published = 0;
    std::vector<MachineCount*> counts;
    for (std::vector<MachineCount>& region : options.regions) {
      published += total(region);
      for (MachineCount& one : region) counts.push_back(&one);
    }
    scale(std::move(counts), published, arguments.machines);
  }
  return generate_regional_cluster(options);
}

GeneratedCluster generated(const GenerateArguments& arguments) {
  if (arguments.kind == "helix-geo") return generate_regional(helix_geo_cluster(), arguments);
  return generate_mixed(
      arguments.kind == "helix-single" ? helix_single_cluster() : helix_heterogeneous_cluster(),
      arguments);
}

int run(const GenerateArguments& arguments, const Session& session) {
  if (session.json) {
    throw_usage("cluster generate writes Helix's form (.ini), which has every link: no --json");
  }
  const GeneratedCluster made = generated(arguments);
  const std::string text = helix_cluster_text(made.cluster, made.heading);
  if (arguments.output.empty()) {
    print(text);
    return 0;
  }
  write_file_atomically(arguments.output, text);
  print(fmt::format("{}: {} machines, {} links\n", arguments.output, made.cluster.machines.size(),
                    made.cluster.links.size()));
  return 0;
}

}  // namespace

void add_cluster_generate(CLI::App& cluster, Session& session) {
  const auto arguments = std::make_shared<GenerateArguments>();
  CLI::App* command = cluster.add_subcommand(
      "generate", "A cluster of mixed machines as Helix's artifact generates it, for serving");
  add_common_options(*command, session);
  command
      ->add_option("KIND", arguments->kind,
                   "helix-single: 24 machines of three types side by side; helix-geo: the same in "
                   "three regions; helix-42: 42 machines of seven types")
      ->required()
      ->check(CLI::IsMember({"helix-single", "helix-geo", "helix-42"}));
  command
      ->add_option("--nodes", arguments->machines,
                   "Machines, in the published shares of types and regions (default: as published)")
      ->check(CLI::Range(1, kMostGeneratedMachines))
      ->type_name("N");
  command->add_option("--seed", arguments->seed, "Of the random numbers (default: 0, published)")
      ->type_name("N");
  command
      ->add_option("-o,--output", arguments->output,
                   "Complete cluster file in Helix's form (.ini); else stdout")
      ->type_name("FILE.ini");
  command->callback([arguments, &session] {
    session.action = [arguments, &session] { return run(*arguments, session); };
  });
}

}  // namespace sextant::cli
