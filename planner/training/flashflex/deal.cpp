#include "planner/training/flashflex/deal.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace sextant::flashflex {

namespace {

using Degrees = std::vector<int>;

/// A machine's GPUs as stages that are tried, by their number; more are split eight by eight.
constexpr int kMostTabled = 8;
const std::array<std::vector<Degrees>, kMostTabled + 1>& splits() {
  static const std::array<std::vector<Degrees>, kMostTabled + 1> kSplits = {{
      {},
      {{1}},
      {{2}, {1, 1}},
      {{2, 1}, {1, 1, 1}},
      {{4}, {2, 2}, {2, 1, 1}},
      {{4, 1}, {2, 2, 1}},
      {{4, 2}, {2, 2, 2}},
      {{4, 2, 1}, {2, 2, 2, 1}},
      {{8}, {4, 4}, {4, 2, 2}},
  }};
  return kSplits;
}

StageList fastest_split(const Model& model, const Gpu& gpu, int count, int global_batch) {
  StageList best;
  double best_s = 0;
  for (const Degrees& degrees : splits()[static_cast<std::size_t>(count)]) {
    StageList stages;
    for (const int tp : degrees) {
      stages.push_back(
          {gpu.type, gpu.machine, tp, static_cast<double>(model.shape().blocks) * tp / count});
    }
    const double seconds =
        columns_s(model.stage_s(stages, kMicrobatch), global_batch / kMicrobatch);
    if (best.empty() || seconds < best_s) {
      best = std::move(stages);
      best_s = seconds;
    }
  }
  return best;
}

double memory_bytes(const Model& model, const Stage& stage) {
  return model.rating(stage.type).memory_bytes * stage.tp;
}

/// One layer to each stage that is below its share; how many were dealt.
int deal_round(StageList& stages, const std::vector<double>& shares, int layers, int left) {
  int dealt = 0;
  for (std::size_t s = 0; s < stages.size() && dealt < left; ++s) {
    if ((stages[s].layers + 1) / layers > shares[s]) continue;
    ++stages[s].layers;
    ++dealt;
  }
  return dealt;
}

void deal_rest(StageList& stages, const std::vector<double>& shares, int left) {
  std::vector<std::size_t> order(stages.size());
  std::iota(order.rbegin(), order.rend(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return shares[a] > shares[b]; });
  for (int i = 0; i < left; ++i) ++stages[order[static_cast<std::size_t>(i) % order.size()]].layers;
}

}  // namespace

StageList stages_of(const Model& model, const std::vector<Gpu>& fleet,
                    const std::vector<GpuSet>& groups, int global_batch) {
  StageList out;
  for (const GpuSet& group : groups) {
    for (std::size_t begin = 0; begin < group.size();) {
      const Gpu& gpu = fleet[static_cast<std::size_t>(group[begin])];
      int count = 0;
      while (begin < group.size() && count < kMostTabled &&
             fleet[static_cast<std::size_t>(group[begin])].machine == gpu.machine) {
        ++count;
        ++begin;
      }
      const StageList stages = fastest_split(model, gpu, count, global_batch);
      out.insert(out.end(), stages.begin(), stages.end());
    }
  }
  for (Stage& stage : out) stage.layers = 0;
  return out;
}

Deal deal_layers(const Model& model, StageList& stages) {
  double all_bytes = 0;
  for (const Stage& stage : stages) all_bytes += memory_bytes(model, stage);
  std::vector<double> shares;
  for (const Stage& stage : stages) shares.push_back(memory_bytes(model, stage) / all_bytes);
  int left = model.shape().blocks;
  while (left > 0) {
    const int dealt = deal_round(stages, shares, model.shape().blocks, left);
    if (dealt == 0) break;
    left -= dealt;
  }
  deal_rest(stages, shares, left);
  for (std::size_t s = 0; s < stages.size(); ++s) {
    if (stages[s].layers < 1) return Deal::kStageWithoutLayers;
    const double need = model.memory_bytes(stages[s].layers, stages[s].tp, s == 0,
                                           s + 1 == stages.size(), kMicrobatch);
    if (need > model.rating(stages[s].type).memory_bytes) return Deal::kOutOfMemory;
  }
  return Deal::kDealt;
}

}  // namespace sextant::flashflex
