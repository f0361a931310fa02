#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/network/import/text_lines.h"
#include "analyzer/serving/formats/helix_files.h"

namespace sextant {

namespace {

/// The words of a flattened simulator input, one after the other.
class FlowText {
 public:
  FlowText(const std::string& file, std::string_view text) : file_(file) {
    int line_number = 0;
    for (const std::string_view line : lines_of(text)) {
      ++line_number;
      for (const std::string_view word : words_of(line)) words_.push_back({word, line_number});
    }
  }

  std::string_view word(std::string_view what) {
    if (next_ == words_.size()) {
      fail(what, "the end of the file");
    }
    return words_[next_++].first;
  }
  double number(std::string_view what) {
    const std::string_view text = word(what);
    const auto value = number_in(text);
    if (!value || !std::isfinite(*value) || *value < 0) refuse(what);
    return *value;
  }
  std::size_t count(std::string_view what) {
    constexpr long long kMost = 1 << 24;
    const auto value = unsigned_integer(word(what));
    if (!value || *value > kMost) refuse(what);
    return static_cast<std::size_t>(*value);
  }
  void skip(std::size_t numbers, std::string_view what) {
    for (std::size_t i = 0; i < numbers; ++i) number(what);
  }
  /// The word read last is not what it should be.
  [[noreturn]] void refuse(std::string_view expected) const {
    --next_;
    fail(expected, quote(words_[next_].first));
  }
  void end() const {
    if (next_ < words_.size()) fail("the end of the file", quote(words_[next_].first));
  }

 private:
  [[noreturn]] void fail(std::string_view expected, std::string_view found) const {
    const int line = words_.empty() ? 1 : words_[std::min(next_, words_.size() - 1)].second;
    TextPlace{file_, line}.fail(expected, found);
  }

  const std::string& file_;
  std::vector<std::pair<std::string_view, int>> words_;
  mutable std::size_t next_ = 0;
};

/// Names of the types, to which nodes refer by index.
std::vector<std::string_view> read_types(FlowText& text) {
  std::vector<std::string_view> names;
  const std::size_t types = text.count("a number of types");
  for (std::size_t t = 0; t < types; ++t) {
    names.push_back(text.word("a type's name"));
    const std::size_t prompt = text.count("a number of prompt points");
    const std::size_t decode = text.count("a number of decode points");
    text.skip(2 * (prompt + decode), "a point of a curve");
  }
  return names;
}

}  // namespace

void read_helix_flow(const std::filesystem::path& path, ServedNetwork& network) {
  const std::string content = read_file(path);
  const std::string file = path.string();
  FlowText text(file, content);
  constexpr std::size_t kHeader = 5;
  constexpr std::size_t kLimitsOfNode = 5;
  text.skip(kHeader, "five numbers of the model and its flow");
  const std::vector<std::string_view> types = read_types(text);
  const std::string nodes = fmt::format("{} nodes, as the network has", network.nodes.size());
  if (text.count(nodes) != network.nodes.size()) text.refuse(nodes);
  const auto uid = [&](int node) {
    return std::to_string(network.nodes[static_cast<std::size_t>(node)].machine + kHelixNodeOffset);
  };
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    const ServedNode& node = network.nodes[i];
    const std::string expected = "node " + uid(static_cast<int>(i));
    if (text.word(expected) != uid(static_cast<int>(i))) text.refuse(expected);
    const std::string& type = network.profiles.types[static_cast<std::size_t>(node.type)].name;
    const std::size_t index = text.count("a type's index");
    if (index >= types.size() || types[index] != type) text.refuse("the index of type " + type);
    const std::string layers =
        fmt::format("layers {} to {}, as the network has", node.layers.first, node.layers.end);
    for (const int bound : {node.layers.first, node.layers.end}) {
      if (text.number(layers) != bound) text.refuse(layers);
    }
    text.skip(kLimitsOfNode, "five limits of a node");
  }
  const std::string links = fmt::format("{} links, as the network has", network.links.size());
  if (text.count(links) != network.links.size()) text.refuse(links);
  std::vector<double> flow;
  for (const ServedLink& link : network.links) {
    const std::string from = link.from == kCoordinator ? "0" : uid(link.from);
    const std::string to = link.to == kCoordinator ? "1" : uid(link.to);
    const std::string expected = fmt::format("the link from {} to {}", from, to);
    if (text.word(expected) != from) text.refuse(expected);
    if (text.word(expected) != to) text.refuse(expected);
    text.skip(2, "a link's latency and bandwidth");
    flow.push_back(text.number("a link's flow"));
    text.skip(1, "a link's bandwidth in transmission");
  }
  text.end();
  for (std::size_t i = 0; i < flow.size(); ++i) network.links[i].flow_tokens_per_s = flow[i];
}

}  // namespace sextant
