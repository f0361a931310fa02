#include "analyzer/profile/layer_kinds.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

namespace sextant {

namespace {

bool cost_the_same(const LayerKindProfile& a, const LayerKindProfile& b) {
  const auto values = [](const LayerKindProfile& kind) {
    return std::array<double, 7>{kind.forward.median_s,      kind.backward.median_s,
                                 kind.update.median_s,       kind.parameter_bytes,
                                 kind.input_bytes,           kind.output_bytes,
                                 kind.saved_activation_bytes};
  };
  return a.kind == b.kind && values(a) == values(b);
}

TimeSummary median_only(double seconds) {
  return {seconds, seconds, seconds, 0, 0};
}

std::vector<std::string> guess_names(const std::vector<LayerMemory>& memory) {
  constexpr double kNormFraction = 0.01;  // a norm has about 2 h parameters, a block 12 h^2
  double largest = 0;
  for (std::size_t l = 1; l + 1 < memory.size(); ++l) {
    largest = std::max(largest, memory[l].parameter_bytes);
  }
  std::vector<std::string> names;
  for (std::size_t l = 0; l < memory.size(); ++l) {
    const bool norm = memory[l].parameter_bytes < kNormFraction * largest;
    names.push_back(l == 0                   ? "embedding"
                    : l + 1 == memory.size() ? "head"
                    : norm                   ? "final_norm"
                                             : "block");
  }
  return names;
}

/// Gives kinds of one name different ones.
void tell_apart(PointDocument& point) {
  std::vector<int> layers(point.kinds.size(), 0);
  for (const LayerRun& run : point.sequence) {
    layers[static_cast<std::size_t>(run.kind)] += run.count;
  }
  std::map<std::string, std::size_t> most_frequent;
  for (std::size_t k = 0; k < point.kinds.size(); ++k) {
    const auto [known, first] = most_frequent.emplace(point.kinds[k].kind, k);
    if (!first && layers[k] > layers[known->second]) known->second = k;
  }
  std::map<std::string, int> count;
  for (std::size_t k = 0; k < point.kinds.size(); ++k) {
    const std::string name = point.kinds[k].kind;
    if (most_frequent[name] == k) continue;
    point.kinds[k].kind = fmt::format("{}_{}", name, ++count[name] + 1);
  }
}

}  // namespace

std::vector<LayerMemory> scaled_memory(std::vector<LayerMemory> of_one_sequence, int sequences) {
  for (LayerMemory& layer : of_one_sequence) {
    layer.input_bytes *= sequences;
    layer.output_bytes *= sequences;
    layer.saved_activation_bytes *= sequences;
  }
  return of_one_sequence;
}

void put_layers(const std::vector<LayerTime>& times, const std::vector<LayerMemory>& memory,
                const std::vector<std::string>& names, PointDocument& point) {
  const std::vector<std::string> chosen = names.empty() ? guess_names(memory) : names;
  for (std::size_t l = 0; l < times.size(); ++l) {
    LayerKindProfile kind;
    kind.kind = chosen[l];
    kind.forward = median_only(times[l].forward_s);
    kind.backward = median_only(times[l].backward_s);
    kind.update = median_only(times[l].update_s);
    kind.parameter_bytes = memory[l].parameter_bytes;
    kind.input_bytes = memory[l].input_bytes;
    kind.output_bytes = memory[l].output_bytes;
    kind.saved_activation_bytes = memory[l].saved_activation_bytes;
    const auto known =
        std::find_if(point.kinds.begin(), point.kinds.end(),
                     [&](const LayerKindProfile& other) { return cost_the_same(kind, other); });
    const int index = static_cast<int>(known - point.kinds.begin());
    if (known == point.kinds.end()) point.kinds.push_back(std::move(kind));
    if (!point.sequence.empty() && point.sequence.back().kind == index) {
      ++point.sequence.back().count;
    } else {
      point.sequence.push_back({index, 1});
    }
  }
  tell_apart(point);
}

}  // namespace sextant
