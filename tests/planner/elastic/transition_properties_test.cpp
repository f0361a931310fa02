// What holds of any move between plans of one to three stages.
#include <memory>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "planner/training/elastic/transition.h"
#include "tests/planner/elastic/small_plans.h"

namespace sextant {
namespace {

constexpr int kNodes = 6;

class NetworkOf : public Network {
 public:
  NetworkOf(double inside, double outside) : inside_(inside), outside_(outside) {}
  LinkModel between(const LinkEnd&, const LinkEnd&) const override {
    return LinkModel::latency_bandwidth(1e-5, outside_);
  }
  std::optional<LinkModel> inside_node(std::string_view, int) const override {
    return LinkModel::latency_bandwidth(1e-6, inside_);
  }
  std::string describe() const override { return "as drawn"; }

 private:
  double inside_;
  double outside_;
};

/// A plan on at most kNodes nodes of four GPUs.
Plan any_plan() {
  const int stages = *rc::gen::inRange(1, 4);
  const int tp = 1 << *rc::gen::inRange(0, 3);
  const int room = kNodes * 4 / tp / stages;
  const int replicas = *rc::gen::inRange(1, room + 1);
  std::vector<std::vector<int>> nodes(static_cast<std::size_t>(stages));
  int next = 0;
  for (auto& stage : nodes) {
    for (int r = 0; r < replicas; ++r) stage.push_back(next++ * tp / 4);
  }
  return plan_on(nodes, tp, *rc::gen::element(0, 0, 1, 3));
}

SmallProblem cluster_with(int gpus, double inside, double outside) {
  SmallProblem small = small_cluster(gpus);
  small.cluster.network = std::make_shared<NetworkOf>(inside, outside);
  return small;
}

RC_GTEST_PROP(MoveProperties, ToTheSamePlanIsFree, ()) {
  const Plan plan = any_plan();
  const SmallProblem small = cluster_with(kNodes * 4, 1e10, 1e9);
  const PlacedPlan running = place_on_nodes(plan, small.cluster);
  const std::optional<Move> move = move_to(plan, &running, small.problem(), {});
  RC_ASSERT(move.has_value());
  RC_ASSERT(!move->changes);
  RC_ASSERT(move->seconds() == 0);
}

RC_GTEST_PROP(MoveProperties, MoreBandwidthIsNeverSlower, ()) {
  const Plan before = any_plan();
  const Plan after = any_plan();
  const double inside = *rc::gen::inRange(1, 300) * 1e9;
  const double outside = *rc::gen::inRange(1, 100) * 1e8;
  const double more = *rc::gen::inRange(1, 50);
  const double even_more = *rc::gen::inRange(1, 50);
  const SmallProblem slow = cluster_with(kNodes * 4, inside, outside);
  const SmallProblem fast = cluster_with(kNodes * 4, inside * more, outside * even_more);
  const PlacedPlan running = place_on_nodes(before, slow.cluster);
  const std::optional<Move> one = move_to(after, &running, slow.problem(), {});
  const std::optional<Move> other = move_to(after, &running, fast.problem(), {});
  RC_ASSERT(one.has_value() && other.has_value());
  RC_ASSERT(other->seconds() <= one->seconds() * (1 + 1e-12));
  RC_ASSERT(other->network_bytes == one->network_bytes);
}

// With all GPUs there nothing is lost, and there and back again every GPU has its state.
RC_GTEST_PROP(MoveProperties, WithoutALossNothingComesFromStorage, ()) {
  const Plan before = any_plan();
  const Plan after = any_plan();
  const SmallProblem small = cluster_with(kNodes * 4, 1e10, 1e9);
  const PlacedPlan running = place_on_nodes(before, small.cluster);
  const std::optional<Move> there = move_to(after, &running, small.problem(), {});
  RC_ASSERT(there.has_value());
  RC_ASSERT(!there->from_checkpoint && there->storage_bytes == 0);
  const std::optional<Move> back = move_to(before, &there->placed, small.problem(), {});
  RC_ASSERT(back.has_value());
  RC_ASSERT(!back->from_checkpoint);
  RC_ASSERT(gpu_count(back->placed.plan) == gpu_count(before));
}

// Fewer GPUs that are left never make a move that loses less.
RC_GTEST_PROP(MoveProperties, SurvivorsAreAPartOfWhatWas, ()) {
  const Plan before = any_plan();
  const SmallProblem whole = cluster_with(kNodes * 4, 1e10, 1e9);
  const SmallProblem left = cluster_with(*rc::gen::inRange(1, kNodes * 4), 1e10, 1e9);
  const PlacedPlan running = place_on_nodes(before, whole.cluster);
  const Survivors some = survivors(running, left.cluster);
  int kept = 0;
  for (const auto& [id, node] : some.nodes) {
    for (const GpuState& gpu : node) kept += gpu.tp > 0 ? 1 : 0;
  }
  RC_ASSERT(kept + some.gpus_lost == gpu_count(before));
}

}  // namespace
}  // namespace sextant
