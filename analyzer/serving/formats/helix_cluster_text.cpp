#include <algorithm>
#include <cmath>
#include <iterator>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/serving/formats/helix_files.h"
#include "analyzer/serving/formats/ini_file.h"

namespace sextant {

namespace {

/// Whole megabytes per second above 100, else one decimal, as the artifact prints what it draws;
/// other figures with all their digits.
std::string bandwidth_text(double bytes_per_s) {
  constexpr double kFast = 100;
  const double mbps = bytes_per_s / 1e6;
  if (mbps > kFast && mbps == std::trunc(mbps)) return fmt::format("{:.0f}", mbps);
  const double tenths = std::nearbyint(mbps * 10) / 10;
  if (tenths * 1e6 == bytes_per_s) return fmt::format("{:.1f}", tenths);
  return fmt::format("{}", mbps);
}

std::string latency_text(double seconds) {
  const double ms = std::nearbyint(seconds / 1e-3);
  return ms * 1e-3 == seconds ? fmt::format("{:.0f}", ms) : fmt::format("{}", seconds / 1e-3);
}

/// For each machine, in rising order, whom it has a link to.
struct Neighbours {
  std::vector<std::size_t> of_source;
  std::vector<std::size_t> of_sink;
  std::vector<std::vector<std::size_t>> lower;
  std::vector<std::vector<std::size_t>> higher;
  std::vector<char> has_source;
  std::vector<char> has_sink;

  explicit Neighbours(const ServingCluster& cluster)
      : lower(cluster.machines.size()),
        higher(cluster.machines.size()),
        has_source(cluster.machines.size(), 0),
        has_sink(cluster.machines.size(), 0) {
    for (const ServingLink& link : cluster.links) {
      const auto from = static_cast<std::size_t>(link.from);
      const auto to = static_cast<std::size_t>(link.to);
      if (link.from == kCoordinator) {
        of_source.push_back(to);
        has_source[to] = 1;
      } else if (link.to == kCoordinator) {
        of_sink.push_back(from);
        has_sink[from] = 1;
      } else {
        higher[from].push_back(to);
        lower[to].push_back(from);
      }
    }
    sort(of_source);
    sort(of_sink);
    for (auto& list : lower) sort(list);
    for (auto& list : higher) sort(list);
  }

 private:
  static void sort(std::vector<std::size_t>& list) { std::sort(list.begin(), list.end()); }
};

}  // namespace

std::string helix_cluster_text(const ServingCluster& cluster, std::string_view heading) {
  const Neighbours neighbours(cluster);
  std::string text(heading);
  text += fmt::format(
      "[NodeNames]\ntotal_compute_nodes={}\n\n[SourceNode]\nconnected_nodes=[{}]\n\n"
      "[SinkNode]\nconnected_nodes=[{}]\n\n",
      cluster.machines.size(), fmt::join(neighbours.of_source, ", "),
      fmt::join(neighbours.of_sink, ", "));
  for (std::size_t i = 0; i < cluster.machines.size(); ++i) {
    std::vector<std::string> connected;
    if (neighbours.has_source[i] != 0) connected.emplace_back("'source'");
    for (const std::size_t j : neighbours.lower[i]) connected.push_back(std::to_string(j));
    for (const std::size_t j : neighbours.higher[i]) connected.push_back(std::to_string(j));
    if (neighbours.has_sink[i] != 0) connected.emplace_back("'sink'");
    text += fmt::format("[ComputeNode-{}]\ntype={}\nconnected_nodes=[{}]\n\n", i,
                        cluster.machines[i].type, fmt::join(connected, ", "));
  }
  for (const ServingLink& link : cluster.links) {
    fmt::format_to(std::back_inserter(text),
                   "[Link-{}-{}]\nbandwidth={} * mbps\nlatency={} * MilliSec\n\n",
                   link.from == kCoordinator ? "source" : std::to_string(link.from),
                   link.to == kCoordinator ? "sink" : std::to_string(link.to),
                   bandwidth_text(link.bytes_per_s), latency_text(link.latency_s));
  }
  return text;
}

std::string helix_heading(const std::filesystem::path& path) {
  const IniFile file = IniFile::read(path);
  std::string heading;
  for (const std::string_view line : file.heading()) heading += std::string(line) + "\n";
  return heading;
}

}  // namespace sextant
