#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/network/import/import_bandwidth.h"

namespace sextant {

namespace {

/// What makes a rank the same in two documents: its device's identity, and which of those of equal
/// identity it is (CPU ranks of one machine have none).
using RankKey = std::tuple<std::string, std::string, std::string, std::string, std::string, int>;

std::string detail(const BandwidthRank& rank, const char* name) {
  const auto found = rank.details.find(name);
  return found == rank.details.end() ? "" : found->second;
}

/// Adds a document's ranks to `whole`; returns where each went.
std::vector<int> add_ranks(const std::vector<BandwidthRank>& ranks, BandwidthDocument& whole,
                           std::map<RankKey, int>& known) {
  std::vector<int> places;
  std::map<RankKey, int> seen;
  for (const BandwidthRank& rank : ranks) {
    RankKey key{rank.host,
                rank.device,
                detail(rank, "uuid"),
                detail(rank, "pci_bus_id"),
                detail(rank, "device"),
                0};
    std::get<int>(key) = seen[key]++;
    const auto [place, added] = known.emplace(key, static_cast<int>(whole.ranks.size()));
    if (added) whole.ranks.push_back(rank);
    places.push_back(place->second);
  }
  return places;
}

void expect_same(const BandwidthDocument& first, const BandwidthDocument& other,
                 std::string_view what, const std::string& a, const std::string& b) {
  if (a == b) return;
  throw_bad_input(fmt::format("{}: expected the {} of {}, {}, found {}; import them apart",
                              other.source, what, first.source, a.empty() ? "unknown" : a,
                              b.empty() ? "unknown" : b));
}

std::string value_of(const BandwidthDocument& document, const char* name) {
  const auto found = document.provenance.find(name);
  return found == document.provenance.end() ? "" : found->second;
}

/// What makes two sweeps the same measurement.
using SweepKey = std::tuple<CommunicationOp, SweepPattern, int, std::vector<int>, LinkLevel,
                            std::string, std::string, std::string, std::string, bool>;

SweepKey key_of(const Sweep& sweep) {
  return {sweep.op,  sweep.pattern,   sweep.world_size, sweep.ranks, sweep.level,
          sweep.gpu, sweep.from_zone, sweep.to_zone,    sweep.dtype, sweep.in_place};
}

void check_sizes(const Sweep& a, const Sweep& b, const std::string& a_source,
                 const std::string& b_source) {
  for (const BandwidthPoint& point : b.points) {
    const bool twice = std::any_of(a.points.begin(), a.points.end(),
                                   [&](const auto& other) { return other.bytes == point.bytes; });
    if (twice) {
      throw_bad_input(
          fmt::format("{}: expected each size once, found {} at {:.0f} bytes, which {} "
                      "has too; import them apart",
                      b_source, b.text(), point.bytes, a_source));
    }
  }
}

/// Points of two sweeps of the same, by size.
void join(Sweep& whole, Sweep part) {
  for (BandwidthPoint& point : part.points) whole.points.push_back(std::move(point));
  std::sort(whole.points.begin(), whole.points.end(),
            [](const auto& a, const auto& b) { return a.bytes < b.bytes; });
  for (BandwidthFailure& failure : part.failures) whole.failures.push_back(std::move(failure));
}

/// Of several values the different ones; of times, which have one form, the last.
std::map<std::string, std::string> merged_provenance(
    const std::vector<BandwidthDocument>& documents) {
  constexpr std::size_t kLongest = 4000;  // documents take 4096 bytes
  std::map<std::string, std::string> out;
  std::set<std::string> names;
  for (const BandwidthDocument& document : documents) {
    for (const auto& [name, value] : document.provenance) names.insert(name);
  }
  for (const std::string& name : names) {
    std::set<std::string> values;
    for (const BandwidthDocument& document : documents) {
      const auto found = document.provenance.find(name);
      if (found != document.provenance.end()) values.insert(found->second);
    }
    std::string text = fmt::format("{}", fmt::join(values, "; "));
    if (name == "time") text = *values.rbegin();
    if (text.size() > kLongest) text = fmt::format("{} different values", values.size());
    out[name] = std::move(text);
  }
  return out;
}

}  // namespace

BandwidthDocument merge_bandwidth(std::vector<BandwidthDocument> documents) {
  if (documents.empty()) throw Error(ErrorCode::kInternal, "no bandwidth document to merge");
  if (documents.size() == 1) return std::move(documents.front());
  const BandwidthDocument& first = documents.front();
  BandwidthDocument whole;
  whole.evidence = first.evidence;
  whole.tool = first.tool;
  whole.tool_version = first.tool_version;
  whole.backend = first.backend;
  whole.source = first.source;
  whole.provenance = merged_provenance(documents);
  std::map<RankKey, int> known_ranks;
  std::map<SweepKey, std::pair<std::size_t, std::string>> known_sweeps;
  std::set<std::pair<int, int>> known_paths;
  for (BandwidthDocument& document : documents) {
    expect_same(first, document, "tool", first.tool, document.tool);
    expect_same(first, document, "version", first.tool_version, document.tool_version);
    expect_same(first, document, "backend", first.backend, document.backend);
    expect_same(first, document, "NCCL version", value_of(first, "nccl"),
                value_of(document, "nccl"));
    whole.evidence = weaker(whole.evidence, document.evidence);
    whole.complete = whole.complete && document.complete;
    whole.problems.insert(whole.problems.end(), document.problems.begin(), document.problems.end());
    const std::vector<int> places = add_ranks(document.ranks, whole, known_ranks);
    const auto place = [&](int rank) {
      return places.empty() ? rank : places[static_cast<std::size_t>(rank)];
    };
    for (const PairTopology& pair : document.topology) {
      const std::pair<int, int> ends{place(pair.a), place(pair.b)};
      if (known_paths.insert(ends).second) {
        whole.topology.push_back({ends.first, ends.second, pair.path});
      }
    }
    for (Sweep sweep : document.sweeps) {
      for (int& rank : sweep.ranks) rank = place(rank);
      const auto [found, added] =
          known_sweeps.emplace(key_of(sweep), std::pair(whole.sweeps.size(), document.source));
      if (added) {
        whole.sweeps.push_back(std::move(sweep));
        continue;
      }
      Sweep& same = whole.sweeps[found->second.first];
      check_sizes(same, sweep, found->second.second, document.source);
      join(same, std::move(sweep));
    }
    whole.overlaps.insert(whole.overlaps.end(), document.overlaps.begin(), document.overlaps.end());
  }
  return whole;
}

}  // namespace sextant
