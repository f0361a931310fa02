#include "planner/training/metis/layer_balancer.h"

#include <algorithm>
#include <numeric>

namespace sextant::metis_search {

namespace {

/// Each layer counts as so many virtual ones ("hallucination" in the published code).
constexpr int kSlices = 7;
constexpr int kMostMoves = 3;
constexpr int kNobody = -1;

std::size_t index(int i) {
  return static_cast<std::size_t>(i);
}

}  // namespace

LayerBalancer::LayerBalancer(const std::vector<double>& layer_ms)
    : layers_(static_cast<int>(layer_ms.size())), before_{0} {
  const double total = std::accumulate(layer_ms.begin(), layer_ms.end(), 0.0);
  for (const double ms : layer_ms) {
    before_.push_back(before_.back() + ms / total);
    slices_.push_back(ms / total / kSlices);
  }
}

double LayerBalancer::load(int stage, const std::vector<int>& ends) const {
  return before_[index(ends[index(stage)])] -
         (stage == 0 ? 0 : before_[index(ends[index(stage - 1)])]);
}

bool LayerBalancer::split(const std::vector<double>& capacity, std::vector<int>& ends) {
  ends.assign(capacity.size(), layers_);
  if (capacity.size() == 1) return true;
  fill(capacity);
  give_leftovers();
  round_to_layers(ends);
  move_boundary_layers(capacity, ends);
  int last = 0;
  for (const int end : ends) {
    if (end <= last) return false;
    last = end;
  }
  return true;
}

/// Stage after stage takes slices from the front while it has room, and leaves one to be given
/// later; the last stage takes them from the back, a layer's worth at least.
void LayerBalancer::fill(const std::vector<double>& capacity) {
  const int count = layers_ * kSlices;
  owner_.assign(index(count), kNobody);
  spare_ = capacity;
  const int last = static_cast<int>(capacity.size()) - 1;
  int next = 0;
  for (int stage = 0; stage < last; ++stage) {
    double& room = spare_[index(stage)];
    while (next < count && room >= slices_[index(next / kSlices)]) {
      room -= slices_[index(next / kSlices)];
      owner_[index(next++)] = stage;
    }
    ++next;
  }
  double& room = spare_[index(last)];
  for (int slice = count - 1; slice >= 0 && owner_[index(slice)] == kNobody; --slice) {
    const double share = slices_[index(slice / kSlices)];
    if (count - slice > kSlices && room < share) break;
    room -= share;
    owner_[index(slice)] = last;
  }
}

/// What is left goes, from the front, to the stage with the most room of those between its
/// neighbours'.
void LayerBalancer::give_leftovers() {
  const int count = static_cast<int>(owner_.size());
  int following = 0;  // the next slice that has an owner
  for (int slice = 0; slice < count; ++slice) {
    if (owner_[index(slice)] != kNobody) continue;
    following = std::max(following, slice);
    while (following < count && owner_[index(following)] == kNobody) ++following;
    int low = slice > 0 ? owner_[index(slice - 1)] : kNobody;
    int high = following < count ? owner_[index(following)] : kNobody;
    if (low == kNobody) low = high;
    if (high == kNobody) high = low;
    int best = low;
    for (int stage = low; stage <= high; ++stage) {
      if (spare_[index(stage)] > spare_[index(best)]) best = stage;
    }
    owner_[index(slice)] = best;
    spare_[index(best)] -= slices_[index(slice / kSlices)];
  }
}

/// A layer belongs to who has most of its slices.
void LayerBalancer::round_to_layers(std::vector<int>& ends) const {
  std::fill(ends.begin(), ends.end(), 0);
  for (int layer = 0; layer < layers_; ++layer) {
    int most = 0;
    int whose = 0;
    for (int slice = layer * kSlices, run = 0; slice < (layer + 1) * kSlices; ++slice) {
      run =
          slice > layer * kSlices && owner_[index(slice)] == owner_[index(slice - 1)] ? run + 1 : 1;
      if (run <= most) continue;
      most = run;
      whose = owner_[index(slice)];
    }
    ends[index(whose)] = layer + 1;
  }
  for (std::size_t s = 1; s < ends.size(); ++s) ends[s] = std::max(ends[s], ends[s - 1]);
}

/// The stage with the most room takes the layer next to it from its fuller neighbour, where that is
/// overloaded by more than half the layer and the taker does not end up fuller.
void LayerBalancer::move_boundary_layers(const std::vector<double>& capacity,
                                         std::vector<int>& ends) {
  const int stages = static_cast<int>(ends.size());
  for (int move = 0; move < kMostMoves; ++move) {
    int taker = 0;
    for (int s = 0; s < stages; ++s) {
      spare_[index(s)] = capacity[index(s)] - load(s, ends);
      if (spare_[index(s)] > spare_[index(taker)]) taker = s;
    }
    int giver = taker > 0 ? taker - 1 : taker + 1;
    if (taker > 0 && taker + 1 < stages && spare_[index(taker + 1)] < spare_[index(taker - 1)]) {
      giver = taker + 1;
    }
    const int giver_first = giver == 0 ? 0 : ends[index(giver - 1)];
    if (ends[index(giver)] - giver_first <= 1) return;
    const int layer = giver < taker ? ends[index(giver)] - 1 : giver_first;
    const double share = before_[index(layer + 1)] - before_[index(layer)];
    // When a layer moves was found by trial: so all recorded plans come out.
    const double room = spare_[index(taker)];
    const double overload = -spare_[index(giver)];
    if (overload <= share / 2 || share - room >= overload) return;
    if (giver < taker) {
      --ends[index(giver)];
    } else {
      ++ends[index(taker)];
    }
  }
}

}  // namespace sextant::metis_search
