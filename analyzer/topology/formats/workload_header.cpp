#include "analyzer/topology/formats/workload_header.h"

#include <algorithm>
#include <limits>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/topology/formats/near_name.h"
#include "analyzer/topology/formats/workload_columns.h"

namespace sextant {

namespace {

/// The options of a header: each a word that ends with a colon, and numbers.
class HeaderOptions {
 public:
  HeaderOptions(const std::vector<std::string_view>& words, const TextPlace& place)
      : place_(place) {
    std::vector<int>* values = nullptr;
    for (std::size_t i = 1; i < words.size(); ++i) {
      if (words[i].ends_with(':')) {
        const auto [option, is_new] = options_.try_emplace(words[i]);
        if (!is_new) place.fail(fmt::format("{} once", words[i]), "it twice");
        values = &option->second;
        continue;
      }
      const auto value = unsigned_integer(words[i]);
      if (values == nullptr || !value || *value > std::numeric_limits<int>::max()) {
        place.fail(values == nullptr ? "an option that ends with a colon" : "a whole number",
                   quote(words[i]));
      }
      values->push_back(static_cast<int>(*value));
    }
  }

  void only(std::initializer_list<std::string_view> known) const {
    for (const auto& [option, _] : options_) {
      if (std::find(known.begin(), known.end(), option) != known.end()) continue;
      place_.fail("only known options of the training loop",
                  quote_with_nearest(option, {known.begin(), known.end()}));
    }
  }

  int number(std::string_view option) const {
    const std::vector<int>& values = at(option);
    if (values.size() != 1 || values.front() < 1) {
      place_.fail(fmt::format("one number of at least 1 behind {}", option), list(values));
    }
    return values.front();
  }

  /// Layers, behind how many they are.
  std::vector<int> layers(std::string_view option, std::size_t layer_count) const {
    const std::vector<int>& values = at(option);
    if (values.empty() || values.size() - 1 != static_cast<std::size_t>(values.front())) {
      place_.fail(fmt::format("behind {} how many layers, then so many", option), list(values));
    }
    for (std::size_t i = 1; i < values.size(); ++i) {
      if (static_cast<std::size_t>(values[i]) < layer_count) continue;
      place_.fail(fmt::format("behind {} layers from 0 to {}", option, layer_count - 1),
                  std::to_string(values[i]));
    }
    return {values.begin() + 1, values.end()};
  }

 private:
  const std::vector<int>& at(std::string_view option) const {
    const auto found = options_.find(option);
    if (found == options_.end()) place_.fail(quote(option), "none");
    return found->second;
  }
  static std::string list(const std::vector<int>& values) {
    return values.empty() ? "none" : fmt::format("{}", fmt::join(values, " "));
  }

  const TextPlace& place_;
  std::map<std::string_view, std::vector<int>> options_;
};

/// Each layer that initiates recomputation has it from the last checkpoint up to it.
void read_checkpoints(const HeaderOptions& options, const TextPlace& place, Workload& workload) {
  std::vector<int> checkpoints = options.layers(kCheckpointsOption, workload.layers.size());
  std::sort(checkpoints.begin(), checkpoints.end());
  workload.checkpoint_initiates = options.layers(kInitiatesOption, workload.layers.size());
  if (workload.checkpoint_initiates.size() != checkpoints.size()) {
    place.fail(
        fmt::format("as many layers behind {} as behind {}", kInitiatesOption, kCheckpointsOption),
        fmt::format("{} and {}", workload.checkpoint_initiates.size(), checkpoints.size()));
  }
  for (const int initiates : workload.checkpoint_initiates) {
    const auto above = std::upper_bound(checkpoints.begin(), checkpoints.end(), initiates);
    std::vector<int>& taken = workload.checkpoints;
    if (above == checkpoints.begin() ||
        std::find(taken.begin(), taken.end(), *(above - 1)) != taken.end()) {
      place.fail(
          fmt::format("a checkpoint of its own at or before layer {}, which initiates", initiates),
          "none");
    }
    taken.push_back(*(above - 1));
  }
}

}  // namespace

void read_workload_header(const std::vector<std::string_view>& words, const TextPlace& place,
                          Workload& workload) {
  const std::string_view loop = words.front();
  const HeaderOptions options(words, place);
  int& model_npus = workload.groups[kModelGroup].npus;
  if (std::find(kDataLoops.begin(), kDataLoops.end(), loop) != kDataLoops.end()) {
    options.only({});
    model_npus = 1;
  } else if (loop == kHybridLoop) {
    options.only({kModelGroupOption});
    model_npus = options.number(kModelGroupOption);
  } else if (loop == kRecomputingLoop) {
    options.only({kModelGroupOption, kCheckpointsOption, kInitiatesOption});
    model_npus = options.number(kModelGroupOption);
    read_checkpoints(options, place, workload);
  } else {
    std::vector<std::string_view> known(kDataLoops.begin(), kDataLoops.end());
    known.insert(known.end(), {kHybridLoop, kRecomputingLoop});
    place.fail(fmt::format("a training loop: {}", fmt::join(known, ", ")),
               quote_with_nearest(loop, known));
  }
}

}  // namespace sextant
