#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "analyzer/training/piper/chain.h"

namespace sextant::piper {

/// What stages run on.
struct Devices {
  int count = 0;
  double memory_bytes = 0;
  double bytes_per_s = 0;
};

struct ChosenStage {
  LayerRange layers;
  int dp = 1;
};

struct Division {
  std::vector<ChosenStage> stages;
  double sample_s = 0;  ///< of the slowest stage, by the sequence
};

struct StageSearchResult {
  std::optional<Division> best;   ///< nothing where none fits in memory
  std::uint64_t evaluations = 0;  ///< of a stage before a division of the layers behind it
  bool complete = true;
};

/// The best division of the chain for `batch` microbatches an iteration. `must_stop`, which is
/// given the evaluations so far, ends the search without a division.
StageSearchResult best_division(const Chain& chain, const Devices& devices, int batch,
                                const std::function<bool(std::uint64_t)>& must_stop);

}  // namespace sextant::piper
