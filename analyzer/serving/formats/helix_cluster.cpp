#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/serving/formats/helix_files.h"
#include "analyzer/serving/formats/ini_file.h"
#include "analyzer/serving/formats/machine_profiles.h"

namespace sextant {

namespace {

constexpr int kMostMachines = 1 << 14;
constexpr std::string_view kSource = "source";
constexpr std::string_view kSink = "sink";
constexpr std::string_view kNodePrefix = "ComputeNode-";
constexpr std::string_view kLinkPrefix = "Link-";

std::optional<int> machine_in(std::string_view text, int machines) {
  int value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  if (value < 0 || value >= machines) return std::nullopt;
  return value;
}

/// Who is connected to whom, as the nodes' lists say: lists of a node hold each other node once.
class ConnectedNodes {
 public:
  ConnectedNodes(const IniFile& file, int machines) : machines_(machines) {
    const auto count = static_cast<std::size_t>(machines);
    connected_.assign(count * count, 0);
    from_source_ = of_coordinator(file.at("SourceNode"));
    to_sink_ = of_coordinator(file.at("SinkNode"));
    std::vector<char> says_source(count, 0);
    std::vector<char> says_sink(count, 0);
    for (int i = 0; i < machines; ++i) {
      const IniSection& section = file.at(fmt::format("{}{}", kNodePrefix, i));
      const IniValue list = section.at("connected_nodes");
      const auto self = static_cast<std::size_t>(i);
      for (const IniItem& item : list.items()) {
        if (item.quoted && (item.text == kSource || item.text == kSink)) {
          mark(list, item.text == kSource ? says_source[self] : says_sink[self], item.text);
          continue;
        }
        const auto other = item.quoted ? std::nullopt : machine_in(item.text, machines);
        if (!other || *other == i) {
          list.fail(fmt::format("'source', 'sink' and other machines from 0 to {}", machines - 1),
                    quote(item.text));
        }
        mark(list, connected_[self * count + static_cast<std::size_t>(*other)], item.text);
      }
      agree(list, says_source[self], from_source_[self], "SourceNode", i);
      agree(list, says_sink[self], to_sink_[self], "SinkNode", i);
      for (int j = 0; j < i; ++j) {
        const bool backward = connected_[static_cast<std::size_t>(j) * count + self] != 0;
        if ((connected_[self * count + static_cast<std::size_t>(j)] != 0) == backward) continue;
        list.fail(fmt::format("machine {} {}, as the list of machine {} has it", j,
                              backward ? "to be connected" : "not to be connected", j),
                  backward ? "that it is not" : "that it is");
      }
    }
  }

  bool connected(int from, int to) const {
    if (from == kCoordinator) return from_source_[static_cast<std::size_t>(to)] != 0;
    if (to == kCoordinator) return to_sink_[static_cast<std::size_t>(from)] != 0;
    return connected_[static_cast<std::size_t>(from) * static_cast<std::size_t>(machines_) +
                      static_cast<std::size_t>(to)] != 0;
  }
  /// Links that the lists ask for.
  std::size_t links() const {
    const auto ones = [](const std::vector<char>& marks) {
      return static_cast<std::size_t>(std::count(marks.begin(), marks.end(), 1));
    };
    return ones(connected_) / 2 + ones(from_source_) + ones(to_sink_);
  }

 private:
  std::vector<char> of_coordinator(const IniSection& section) const {
    section.only({"connected_nodes"});
    const IniValue list = section.at("connected_nodes");
    std::vector<char> marks(static_cast<std::size_t>(machines_), 0);
    for (const int machine : list.integers(0, machines_ - 1)) {
      mark(list, marks[static_cast<std::size_t>(machine)], std::to_string(machine));
    }
    return marks;
  }
  static void mark(const IniValue& list, char& seen, std::string_view name) {
    if (seen != 0) list.fail("each node once", fmt::format("{} twice", quote(name)));
    seen = 1;
  }
  static void agree(const IniValue& list, char own, char other, std::string_view section, int i) {
    if (own == other) return;
    list.fail(fmt::format("what [{}] says of machine {}", section, i),
              other != 0 ? "that it is not connected" : "that it is connected");
  }

  int machines_;
  std::vector<char> connected_;
  std::vector<char> from_source_;
  std::vector<char> to_sink_;
};

/// Link-<from>-<to>, where `from` is "source", `to` is "sink", or both are machines, from < to.
ServingLink read_link(const IniSection& section, int machines, const ConnectedNodes& lists) {
  section.only({"bandwidth", "latency"});
  const std::string_view ends = section.name().substr(kLinkPrefix.size());
  const std::size_t dash = ends.find('-');
  const std::string_view from = ends.substr(0, dash);
  const std::string_view to = dash == std::string_view::npos ? "" : ends.substr(dash + 1);
  const auto end = [&](std::string_view name, std::string_view coordinator) {
    if (name == coordinator) return kCoordinator;
    const auto machine = machine_in(name, machines);
    if (!machine) {
      section.fail(
          fmt::format("a link between machines 0 to {}, from 'source' or to 'sink'", machines - 1),
          quote(name));
    }
    return *machine;
  };
  ServingLink link;
  link.from = end(from, kSource);
  link.to = end(to, kSink);
  if (link.from == kCoordinator && link.to == kCoordinator) {
    section.fail("a link of a machine", "source and sink");
  }
  if (link.to != kCoordinator && link.from >= link.to) {
    section.fail("the lower of two machines first", quote(ends));
  }
  if (!lists.connected(link.from, link.to)) {
    section.fail("a link between nodes that list each other in connected_nodes", quote(ends));
  }
  link.bytes_per_s = section.at("bandwidth").positive(IniQuantity::kBytesPerSecond);
  link.latency_s = section.at("latency").non_negative(IniQuantity::kSeconds);
  return link;
}

/// Names the first link that lists ask for and that the file does not have.
[[noreturn]] void refuse_missing_link(const IniFile& file, const ServingCluster& cluster,
                                      const ConnectedNodes& lists) {
  std::set<std::pair<int, int>> present;
  for (const ServingLink& link : cluster.links) present.emplace(link.from, link.to);
  const int machines = static_cast<int>(cluster.machines.size());
  for (int from = kCoordinator; from < machines; ++from) {
    for (int to = from == kCoordinator ? 0 : kCoordinator; to < machines; ++to) {
      if (to != kCoordinator && from >= to) continue;
      if (!lists.connected(from, to) || present.contains({from, to})) continue;
      file.fail(fmt::format("a section [{}{}-{}], as connected_nodes has it", kLinkPrefix,
                            from == kCoordinator ? std::string(kSource) : std::to_string(from),
                            to == kCoordinator ? std::string(kSink) : std::to_string(to)),
                "none");
    }
  }
  throw Error(ErrorCode::kInternal, "no link is missing");
}

}  // namespace

ServingCluster read_helix_cluster(const std::filesystem::path& path,
                                  const std::filesystem::path& machine_profiles) {
  const MachineProfiles profiles = read_machine_profiles(machine_profiles);
  const IniFile file = IniFile::read(path);
  ServingCluster cluster;
  cluster.source = file.file();
  cluster.coordinator_in_bytes_per_s = profiles.coordinator_in_bytes_per_s;
  cluster.coordinator_out_bytes_per_s = profiles.coordinator_out_bytes_per_s;
  const IniSection& names = file.at("NodeNames");
  names.only({"total_compute_nodes"});
  const int machines = static_cast<int>(names.at("total_compute_nodes").integer(1, kMostMachines));
  const ConnectedNodes lists(file, machines);
  for (int i = 0; i < machines; ++i) {
    const IniSection& section = file.at(fmt::format("{}{}", kNodePrefix, i));
    section.only({"type", "connected_nodes"});
    cluster.machines.push_back({fmt::format("compute_node_{}", i + kHelixNodeOffset),
                                std::string(section.at("type").word())});
  }
  for (const IniSection& section : file.sections()) {
    if (section.name().starts_with(kLinkPrefix)) {
      cluster.links.push_back(read_link(section, machines, lists));
    } else if (section.name().starts_with(kNodePrefix)) {
      if (!machine_in(section.name().substr(kNodePrefix.size()), machines)) {
        section.fail(fmt::format("machines 0 to {}, as total_compute_nodes says", machines - 1),
                     "another");
      }
    } else if (section.name() != "NodeNames" && section.name() != "SourceNode" &&
               section.name() != "SinkNode") {
      section.fail("NodeNames, SourceNode, SinkNode, ComputeNode-… or Link-…", "another section");
    }
  }
  if (cluster.links.size() != lists.links()) refuse_missing_link(file, cluster, lists);
  return cluster;
}

}  // namespace sextant
