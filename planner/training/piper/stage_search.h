#pragma once

#include <optional>
#include <vector>

#include "analyzer/training/piper/chain.h"
#include "planner/training/search_budget.h"

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

/// The best division of the chain for `batch` microbatches an iteration; nothing where none fits in
/// memory, or the budget, which counts stages before a division of the layers behind them, is
/// spent.
std::optional<Division> best_division(const Chain& chain, const Devices& devices, int batch,
                                      SearchBudget& budget);

}  // namespace sextant::piper
