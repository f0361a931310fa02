#include "reproduce/helix_flattened.h"

#include <charconv>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"

namespace sextant {

namespace {

/// Words of a file, one after the other.
class Words {
 public:
  explicit Words(const std::filesystem::path& path)
      : name_(path.string()), text_(read_file(path)), rest_(text_) {}

  std::string_view word(std::string_view what) {
    const std::size_t begin = rest_.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) fail(what, "the end of the file");
    rest_.remove_prefix(begin);
    const std::string_view out = rest_.substr(0, rest_.find_first_of(" \t\r\n"));
    rest_.remove_prefix(out.size());
    ++count_;
    return out;
  }
  double number(std::string_view what) {
    const std::string_view text = word(what);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value) ||
        value < 0) {
      fail(what, quote(text));
    }
    return value;
  }
  int integer(std::string_view what, int low, int high) {
    const double value = number(what);
    if (value != std::floor(value) || value < low || value > high) {
      fail(fmt::format("{} from {} to {}", what, low, high), fmt::format("{}", value));
    }
    return static_cast<int>(value);
  }
  [[noreturn]] void fail(std::string_view expected, std::string_view found) const {
    throw_bad_input(
        fmt::format("{}: word {}: expected {}, found {}", name_, count_ + 1, expected, found));
  }

 private:
  std::string name_;
  std::string text_;
  std::string_view rest_;
  std::size_t count_ = 0;
};

constexpr int kMost = 1'000'000;

/// Past the time curves of the types; their names.
std::vector<std::string> type_names(Words& words) {
  std::vector<std::string> names;
  const int types = words.integer("number of machine types", 1, kMost);
  for (int t = 0; t < types; ++t) {
    names.emplace_back(words.word("machine type"));
    const int prompts = words.integer("number of points", 0, kMost);
    const int points = prompts + words.integer("number of points", 0, kMost);
    for (int p = 0; p < 2 * points; ++p) words.number("point of a time curve");
  }
  return names;
}

}  // namespace

ServedNetwork read_flattened_network(const std::filesystem::path& path,
                                     const ServingCluster& cluster,
                                     const ServingProfiles& profiles) {
  // Names of a machine are two above its index: 0 and 1 are the coordinator's two ends.
  constexpr int kOffset = 2;
  Words words(path);
  words.number("time at which machines are loaded");
  const int layers = words.integer("layers", 1, kMost);
  if (layers != profiles.model.layers) {
    words.fail(fmt::format("{} layers, those of {}", profiles.model.layers, profiles.model.name),
               fmt::format("{}", layers));
  }
  for (const char* what : {"bytes of an activation", "bytes of a token", "maximum flow"}) {
    words.number(what);
  }
  const std::vector<std::string> types = type_names(words);

  ServedNetwork network;
  network.profiles = profiles;
  network.coordinator_in_bytes_per_s = cluster.coordinator_in_bytes_per_s;
  network.coordinator_out_bytes_per_s = cluster.coordinator_out_bytes_per_s;
  const int machines = static_cast<int>(cluster.machines.size());
  std::vector<int> node_of(cluster.machines.size(), kCoordinator);
  const int nodes = words.integer("number of nodes", 1, machines);
  for (int n = 0; n < nodes; ++n) {
    const int machine = words.integer("node", kOffset, machines + kOffset - 1) - kOffset;
    const auto m = static_cast<std::size_t>(machine);
    const int type = words.integer("machine type", 0, static_cast<int>(types.size()) - 1);
    if (types[static_cast<std::size_t>(type)] != cluster.machines[m].type) {
      words.fail("machine type " + cluster.machines[m].type, types[static_cast<std::size_t>(type)]);
    }
    const int first = words.integer("first layer", 0, layers - 1);
    const int end = words.integer("end of layers", first + 1, layers);
    ServedNode node = served_node(profiles, cluster.machines[m], machine, {first, end});
    node.name = fmt::format("compute_node_{}", machine + kOffset);
    node.kv_capacity_layer_tokens = words.number("capacity of the KV cache");
    node.prompt_max_requests = words.integer("prompts of a batch", 1, kMost);
    node.prompt_max_tokens = words.integer("prompt tokens of a batch", 1, kMost * 100);
    node.decode_max_context_tokens = words.number("context of a batch");
    node.decode_max_requests = words.integer("decode requests of a batch", 1, kMost);
    node_of[m] = static_cast<int>(network.nodes.size());
    network.nodes.push_back(std::move(node));
  }
  const int links = words.integer("number of links", 1, kMost);
  const auto end_of_link = [&](int coordinator) {
    const int id = words.integer("end of a link", 0, machines + kOffset - 1);
    if (id == coordinator) return kCoordinator;
    const int node = id < kOffset ? kCoordinator : node_of[static_cast<std::size_t>(id - kOffset)];
    if (node == kCoordinator) words.fail("a node that serves", fmt::format("{}", id));
    return node;
  };
  for (int l = 0; l < links; ++l) {
    ServedLink link;
    link.from = end_of_link(0);
    link.to = end_of_link(1);
    link.latency_s = words.number("latency");
    link.bytes_per_s = words.number("bandwidth");
    link.flow_tokens_per_s = words.number("flow");
    words.number("bandwidth of transmissions");  // follows from the flow
    network.links.push_back(link);
  }
  return network;
}

}  // namespace sextant
