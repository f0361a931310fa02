// Of slurm_nodes.h: what `scontrol show node` prints.
#include <map>
#include <set>

#include <fmt/format.h>

#include "analyzer/cluster/discover/command_text.h"
#include "analyzer/cluster/discover/host_list.h"
#include "analyzer/cluster/discover/slurm_nodes.h"
#include "analyzer/core/error.h"

namespace sextant {

namespace {

/// The values of one node, by their names. A name that comes again is text inside another value
/// (a reason, a comment), which stand at the end.
using Record = std::map<std::string, std::string, std::less<>>;

std::vector<std::string> list_of(const Record& record, const std::vector<std::string_view>& keys,
                                 const std::string& place) {
  std::vector<std::string> out;
  for (const std::string_view key : keys) {
    const auto found = record.find(key);
    if (found == record.end() || found->second == "(null)" || found->second.empty()) continue;
    for (const std::string& name : parts_of(found->second, ',')) {
      out.push_back(foreign_name(name, place, fmt::format("names in {}", key)));
    }
    break;
  }
  return out;
}

SlurmNode node_from(const Record& record, const std::string& place) {
  SlurmNode node;
  node.name = record.at("NodeName");
  if (!is_host_name(node.name)) {
    throw_bad_input(
        fmt::format("{}: expected the name of a node, found {}", place, quote(node.name)));
  }
  for (const char* key : {"Gres", "State"}) {
    if (record.count(key) == 0) {
      throw_bad_input(
          fmt::format("{}: node {} has no {}=: expected the whole output of scontrol show node",
                      place, node.name, key));
    }
  }
  const auto host = record.find("NodeHostName");
  node.host = host == record.end() || !is_host_name(host->second) ? node.name : host->second;
  node.gpus = slurm_gpus(record.at("Gres"), place);
  node.partitions = list_of(record, {"Partitions"}, place);
  node.features = list_of(record, {"ActiveFeatures", "AvailableFeatures", "Features"}, place);
  node.state = foreign_name(record.at("State"), place, "a state");
  node.usable = is_usable_state(node.state);
  return node;
}

}  // namespace

std::vector<SlurmNode> parse_scontrol_nodes(std::string_view text, const std::string& source) {
  std::vector<SlurmNode> nodes;
  std::set<std::string> names;
  Record record;
  std::size_t begins = 0;
  const auto finish = [&] {
    if (record.empty()) return;
    const std::string place = fmt::format("{}:{}", source, begins);
    nodes.push_back(node_from(record, place));
    if (!names.insert(nodes.back().name).second) {
      throw_bad_input(fmt::format("{}: node {} stands twice", place, nodes.back().name));
    }
    record.clear();
  };
  const std::vector<std::string> lines = command_lines(text, source);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].starts_with("NodeName=")) {
      finish();
      begins = i + 1;
    } else if (begins == 0) {
      if (lines[i].empty()) continue;
      throw_bad_input(fmt::format("{}:{}: expected NodeName=… of scontrol show node, found {}",
                                  source, i + 1, quote(lines[i])));
    }
    for (const std::string& word : words_of(lines[i])) {
      const std::size_t equals = word.find('=');
      if (equals != std::string::npos) {
        record.emplace(word.substr(0, equals), word.substr(equals + 1));
      }
    }
  }
  finish();
  if (nodes.empty()) {
    throw_bad_input(
        fmt::format("{}: expected the output of scontrol show node, found no node", source));
  }
  return nodes;
}

}  // namespace sextant
