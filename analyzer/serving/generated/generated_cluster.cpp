#include "analyzer/serving/generated/generated_cluster.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/python_random.h"
#include "analyzer/serving/formats/helix_files.h"
#include "analyzer/serving/generated/cluster_heading.h"

namespace sextant {

namespace {

void check_links(const LinkSpread& links) {
  const bool bandwidth = std::isfinite(links.bytes_per_s) && links.bytes_per_s_spread >= 0 &&
                         links.bytes_per_s_spread < links.bytes_per_s;
  if (!bandwidth) {
    throw_bad_input(
        fmt::format("expected a bandwidth of links that is more than 0 for every draw, found {} "
                    "bytes/s with a spread of {}",
                    links.bytes_per_s, links.bytes_per_s_spread));
  }
  const bool latency = std::isfinite(links.latency_s) && links.latency_s_spread >= 0 &&
                       links.latency_s_spread <= links.latency_s;
  if (!latency) {
    throw_bad_input(fmt::format(
        "expected a latency of links of at least 0 for every draw, found {} s with a spread of {}",
        links.latency_s, links.latency_s_spread));
  }
}

/// Types of all machines, one after the other.
std::vector<std::string> types_of(const std::vector<MachineCount>& machines) {
  std::vector<std::string> types;
  for (const auto& [type, count] : machines) {
    if (type.empty() || count < 0) {
      throw_bad_input(fmt::format("expected a type and a number of machines, found {} of {}", count,
                                  quote(type)));
    }
    if (types.size() + static_cast<std::size_t>(count) > kMostGeneratedMachines) {
      throw_bad_input(
          fmt::format("expected up to {} machines, found more", kMostGeneratedMachines));
    }
    types.insert(types.end(), static_cast<std::size_t>(count), type);
  }
  return types;
}

ServingCluster cluster_of(const std::vector<std::string>& types) {
  if (types.empty()) throw_bad_input("expected at least one machine, found none");
  if (types.size() > static_cast<std::size_t>(kMostGeneratedMachines)) {
    throw_bad_input(
        fmt::format("expected up to {} machines, found {}", kMostGeneratedMachines, types.size()));
  }
  ServingCluster cluster;
  cluster.coordinator_in_bytes_per_s = kCoordinatorNicBytesPerS;
  cluster.coordinator_out_bytes_per_s = kCoordinatorNicBytesPerS;
  for (std::size_t i = 0; i < types.size(); ++i) {
    cluster.machines.push_back({fmt::format("compute_node_{}", i + kHelixNodeOffset), types[i]});
  }
  return cluster;
}

/// Megabytes per second above `whole` without fraction, above `tenths` with one digit, else three.
double printed_bandwidth(double bytes_per_s, double whole, double tenths) {
  const double mbps = bytes_per_s / 1e6;
  if (mbps > whole) return std::trunc(mbps) * 1e6;
  const std::string text = fmt::format("{:.{}f}", mbps, mbps > tenths ? 1 : 3);
  double printed = 0;
  std::from_chars(text.data(), text.data() + text.size(), printed);
  printed *= 1e6;
  return printed > 0 ? printed : bytes_per_s;  // nobody can use a link of 0
}

double printed_latency(double seconds) {
  const double ms = seconds / 1e-3;
  return ms >= 1 ? std::trunc(ms) * 1e-3 : seconds;
}

/// A link between every two machines and from and to the coordinator, in the order of files.
template <typename Draw>
void connect_all(ServingCluster& cluster, const Draw& draw) {
  const int machines = static_cast<int>(cluster.machines.size());
  cluster.links.reserve(static_cast<std::size_t>(machines) *
                        static_cast<std::size_t>(machines + 3) / 2);
  for (int i = 0; i < machines; ++i) draw(kCoordinator, i);
  for (int i = 0; i < machines; ++i) draw(i, kCoordinator);
  for (int i = 0; i < machines; ++i) {
    for (int j = i + 1; j < machines; ++j) draw(i, j);
  }
}

/// Bandwidth is drawn before latency.
ServingLink drawn_link(PythonRandom& random, int from, int to, const LinkSpread& links) {
  const double bandwidth =
      links.bytes_per_s + random.uniform(-links.bytes_per_s_spread, links.bytes_per_s_spread);
  const double latency =
      links.latency_s + random.uniform(-links.latency_s_spread, links.latency_s_spread);
  return {from, to, bandwidth, latency};
}

}  // namespace

GeneratedCluster generate_mixed_cluster(const MixedClusterOptions& options) {
  check_links(options.links);
  std::vector<std::string> types = types_of(options.machines);
  PythonRandom random(options.seed);
  // The artifact draws which pairs have a link, and which machines the coordinator: all of them.
  const std::size_t machines = types.size();
  if (machines > 1) {
    const std::size_t pairs = machines * (machines - 1) / 2;
    random.sample(pairs, pairs);
  }
  random.sample(machines, machines);
  random.sample(machines, machines);
  random.shuffle(types);
  GeneratedCluster generated = {cluster_of(types), mixed_cluster_heading(options)};
  connect_all(generated.cluster, [&](int from, int to) {
    ServingLink link = drawn_link(random, from, to, options.links);
    link.bytes_per_s = printed_bandwidth(link.bytes_per_s, 10, 1);
    link.latency_s = printed_latency(link.latency_s);
    generated.cluster.links.push_back(link);
  });
  return generated;
}

GeneratedCluster generate_regional_cluster(const RegionalClusterOptions& options) {
  check_links(options.inside);
  check_links(options.across);
  std::vector<std::string> types;
  std::vector<std::size_t> region_of;
  for (std::size_t r = 0; r < options.regions.size(); ++r) {
    for (const std::string& type : types_of(options.regions[r])) {
      types.push_back(type);
      region_of.push_back(r);
    }
  }
  GeneratedCluster generated = {cluster_of(types), regional_cluster_heading(options)};
  PythonRandom random(options.seed);
  connect_all(generated.cluster, [&](int from, int to) {
    const bool inside =
        from != kCoordinator && to != kCoordinator &&
        region_of[static_cast<std::size_t>(from)] == region_of[static_cast<std::size_t>(to)];
    ServingLink link = drawn_link(random, from, to, inside ? options.inside : options.across);
    link.bytes_per_s = printed_bandwidth(link.bytes_per_s, 100, 0);
    link.latency_s = printed_latency(link.latency_s);
    generated.cluster.links.push_back(link);
  });
  return generated;
}

MixedClusterOptions helix_single_cluster() {
  MixedClusterOptions options;
  options.machines = {{"A100", 4}, {"T4", 12}, {"L4", 8}};
  return options;
}

RegionalClusterOptions helix_geo_cluster() {
  RegionalClusterOptions options;
  options.regions = {{{"A100", 4}}, {{"L4", 2}, {"T4", 8}}, {{"L4", 6}, {"T4", 4}}};
  return options;
}

MixedClusterOptions helix_heterogeneous_cluster() {
  MixedClusterOptions options;
  options.machines = {{"A100", 4}, {"V100", 6}, {"L4", 8},  {"L4x2", 4},
                      {"T4", 10},  {"T4x2", 6}, {"T4x4", 4}};
  return options;
}

}  // namespace sextant
