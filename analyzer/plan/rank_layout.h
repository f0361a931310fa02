#pragma once

#include <string>
#include <vector>

#include "analyzer/plan/plan.h"

namespace sextant {

/// Where a rank stands in a plan.
struct RankPlace {
  int pipeline = 0;
  int stage = 0;
  int replica = 0;
  int tp_rank = 0;
  auto operator<=>(const RankPlace&) const = default;
};

/// "stage 1", with "pipeline", "replica" and "tp rank" where the plan has several of them.
std::string text(const RankPlace& place, const Plan& plan);

/// Which global rank is where: pipeline after pipeline, in it stage after stage, in that replica
/// after replica, and the tensor-parallel ranks of a replica one after the other. It is the order
/// of Megatron-LM (tensor, then data, then pipeline parallelism, fastest first): launchers fill a
/// node with neighbouring ranks, so that those who exchange most stand in one node, and a stage,
/// whose replicas have GPUs of a kind, takes neighbouring nodes.
class RankLayout {
 public:
  explicit RankLayout(const Plan& plan);

  int size() const { return static_cast<int>(places_.size()); }
  const RankPlace& place(int rank) const { return places_[static_cast<std::size_t>(rank)]; }
  /// `place` must be one of the plan's.
  int rank(const RankPlace& place) const;
  /// By rank.
  const std::vector<RankPlace>& places() const { return places_; }

 private:
  std::vector<RankPlace> places_;  ///< ascending
};

}  // namespace sextant
