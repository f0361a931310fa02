#include "analyzer/topology/formats/astra_system.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <span>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/network/import/text_lines.h"
#include "analyzer/topology/formats/near_name.h"
#include "analyzer/topology/formats/network_lists.h"

namespace sextant {

namespace {

/// Nothing that can be simulated has more.
constexpr std::string_view kAllReduce = "all-reduce-implementation";

constexpr std::array<std::string_view, 12> kKeys = {"scheduling-policy",
                                                    "endpoint-delay",
                                                    "active-chunks-per-dimension",
                                                    "preferred-dataset-splits",
                                                    "boost-mode",
                                                    kAllReduce,
                                                    "all-gather-implementation",
                                                    "reduce-scatter-implementation",
                                                    "all-to-all-implementation",
                                                    "collective-optimization",
                                                    "intra-dimension-scheduling",
                                                    "inter-dimension-scheduling"};

/// Lines of "key: value".
class SystemText {
 public:
  SystemText(const std::string& file, std::string_view text) : file_(file) {
    TextPlace place = {file};
    for (const std::string_view line : lines_of(text)) {
      ++place.line;
      const auto words = words_of(line);
      if (words.empty()) continue;
      if (words.size() != 2 || !words[0].ends_with(':')) {
        place.fail("\"key: value\"", quote(line));
      }
      const std::string_view key = words[0].substr(0, words[0].size() - 1);
      if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end()) {
        place.fail("a key of a system", quote_with_nearest(key, kKeys));
      }
      const auto [entry, is_new] = entries_.try_emplace(key, Entry{place.line, words[1]});
      if (!is_new) {
        place.fail(fmt::format("each key once, {} is at line {}", key, entry->second.line), "it");
      }
    }
  }

  const std::string_view* find(std::string_view key) const {
    const auto entry = entries_.find(key);
    return entry == entries_.end() ? nullptr : &entry->second.value;
  }
  std::string_view at(std::string_view key) const {
    const std::string_view* value = find(key);
    if (value == nullptr) {
      throw_bad_input(fmt::format("{}: expected the key {}, found none", file_, quote(key)));
    }
    return *value;
  }

  std::optional<long long> number(std::string_view key, long long low, long long high) const {
    const std::string_view* text = find(key);
    if (text == nullptr) return std::nullopt;
    const auto value = unsigned_integer(*text);
    if (!value || *value < low || *value > high) {
      fail(key, fmt::format("a whole number from {} to {}", low, high), quote(*text));
    }
    return value;
  }

  /// The index in `names` of the value.
  std::optional<std::size_t> choice(std::string_view key,
                                    std::span<const std::string_view> names) const {
    const std::string_view* value = find(key);
    if (value == nullptr) return std::nullopt;
    return index_of(key, *value, names);
  }

  /// One algorithm for each dimension, joined by underscores.
  std::vector<DimensionAlgorithm> algorithms(std::string_view key, std::size_t dimensions) const {
    std::vector<DimensionAlgorithm> algorithms;
    std::string_view rest = at(key);
    for (bool more = true; more;) {
      const std::size_t end = rest.find('_');
      algorithms.push_back(static_cast<DimensionAlgorithm>(
          index_of(key, rest.substr(0, end), kDimensionAlgorithmNames)));
      more = end != std::string_view::npos;
      if (more) rest.remove_prefix(end + 1);
    }
    if (algorithms.size() != dimensions) {
      fail(key, fmt::format("{} algorithms joined by '_', one for each dimension", dimensions),
           fmt::format("{}", algorithms.size()));
    }
    return algorithms;
  }

  [[noreturn]] void fail(std::string_view key, std::string_view expected,
                         std::string_view found) const {
    const TextPlace place = {file_, entries_.at(key).line};
    throw_bad_input(
        fmt::format("{}, key {}: expected {}, found {}", place.text(), key, expected, found));
  }

 private:
  struct Entry {
    int line = 0;
    std::string_view value;
  };

  std::size_t index_of(std::string_view key, std::string_view value,
                       std::span<const std::string_view> names) const {
    const auto found = std::find(names.begin(), names.end(), value);
    if (found == names.end()) {
      fail(key, fmt::format("one of {}, which are simulated", fmt::join(names, ", ")),
           quote_with_nearest(value, names));
    }
    return static_cast<std::size_t>(found - names.begin());
  }

  const std::string& file_;
  std::map<std::string_view, Entry> entries_;
};

/// A dimension has one algorithm for all-reduce and its halves; all-to-all is direct.
void read_algorithms(const SystemText& system, SimulatedNetwork& network) {
  const std::size_t count = network.dimensions.size();
  const auto algorithms = system.algorithms(kAllReduce, count);
  for (std::size_t d = 0; d < count; ++d) network.dimensions[d].algorithm = algorithms[d];
  for (const std::string_view key :
       {"all-gather-implementation", "reduce-scatter-implementation"}) {
    if (system.find(key) != nullptr && system.algorithms(key, count) != algorithms) {
      system.fail(key, fmt::format("{}, as {} says", system.at(kAllReduce), kAllReduce),
                  system.at(key));
    }
  }
  constexpr std::string_view kAllToAll = "all-to-all-implementation";
  if (system.find(kAllToAll) == nullptr) return;
  const std::vector<DimensionAlgorithm> direct(count, DimensionAlgorithm::kDirect);
  if (system.algorithms(kAllToAll, count) != direct) {
    system.fail(kAllToAll, "direct in every dimension, which is simulated", system.at(kAllToAll));
  }
}

}  // namespace

void read_astra_system(const std::filesystem::path& path, SimulatedNetwork& network) {
  const std::string file = path.string();
  const std::string text = read_file(path);
  const SystemText system(file, text);
  read_algorithms(system, network);
  if (const auto order = system.choice("scheduling-policy", kCollectiveOrderNames)) {
    network.order = static_cast<CollectiveOrder>(*order);
  }
  if (const auto route = system.choice("inter-dimension-scheduling", kChunkRouteNames)) {
    network.route = static_cast<ChunkRoute>(*route);
  }
  if (const auto chunks = system.number("preferred-dataset-splits", 1, kMostChunks)) {
    network.chunks = static_cast<int>(*chunks);
  }
  constexpr auto kMostDelayNs = static_cast<long long>(kMostLatencyNs);
  if (const auto delay = system.number("endpoint-delay", 0, kMostDelayNs)) {
    network.endpoint_delay_s = static_cast<double>(*delay) / kNsPerS;
  }
  // The one value of these that is simulated; boost-mode only spares ASTRA-sim work.
  constexpr std::array<std::string_view, 1> kOneChunk = {"1"};
  constexpr std::array<std::string_view, 1> kBandwidthAware = {"localBWAware"};
  constexpr std::array<std::string_view, 1> kFirstCome = {"FIFO"};
  constexpr std::array<std::string_view, 2> kSwitch = {"0", "1"};
  system.choice("active-chunks-per-dimension", kOneChunk);
  system.choice("collective-optimization", kBandwidthAware);
  system.choice("intra-dimension-scheduling", kFirstCome);
  system.choice("boost-mode", kSwitch);
}

}  // namespace sextant
