#include "planner/training/elastic/transition.h"

#include <algorithm>

#include "planner/training/elastic/node_assignment.h"
#include "planner/training/elastic/state_transfer.h"

namespace sextant {

namespace {

using elastic::StateTransfer;

/// A node's GPUs without those at the end that the plan does not use.
NodeState in_use(NodeState node) {
  while (!node.empty() && node.back().tp == 0) node.pop_back();
  return node;
}

bool same_work(const PlacedPlan& before, const PlacedPlan& after) {
  if (before.plan != after.plan || before.nodes.size() != after.nodes.size()) return false;
  return std::equal(before.nodes.begin(), before.nodes.end(), after.nodes.begin(),
                    [](const auto& a, const auto& b) {
                      return a.first == b.first && in_use(a.second) == in_use(b.second);
                    });
}

/// The plan's nodes, whether or not the cluster has as many; nothing where it lacks a pool.
std::optional<PlacedPlan> roles_of(const Plan& plan, Cluster cluster) {
  for (const GpuUse& use : gpus_used(plan)) {
    if (cluster.find(use.gpu, use.zone) == nullptr) return std::nullopt;
  }
  constexpr int kPlenty = 1'000'000'000;
  for (GpuPool& pool : cluster.pools) pool.count = kPlenty;
  return place_on_nodes(plan, cluster);
}

/// Who has it, as move_to() says; nothing where it has to be restored.
std::optional<StateTransfer> transfer(const PlacedPlan& placed, const PlacedPlan& from,
                                      const Survivors& left, const Cluster& cluster,
                                      const StateSizes& sizes, double notice_s) {
  std::optional<StateTransfer> out =
      elastic::from_holders(placed.nodes, left.nodes, cluster, sizes);
  if (out || left.gpus_lost == 0 || notice_s == 0) return out;
  out = elastic::from_holders(placed.nodes, from.nodes, cluster, sizes);
  if (out && out->transfer_s > notice_s) out.reset();
  return out;
}

}  // namespace

std::optional<Move> move_to(const Plan& plan, const PlacedPlan* from,
                            const TrainingProblem& problem, const MoveOptions& options) {
  const StateSizes sizes(problem);
  const Survivors left = from != nullptr ? survivors(*from, problem.cluster) : Survivors();
  const std::optional<PlacedPlan> roles = roles_of(plan, problem.cluster);
  std::optional<PlacedPlan> placed;
  if (roles) placed = assign_nodes(*roles, left.nodes, problem.cluster, sizes);
  if (!placed) return std::nullopt;

  Move out;
  out.placed = std::move(*placed);
  out.gpus_lost = left.gpus_lost;
  if (from != nullptr && left.gpus_lost == 0 && same_work(*from, out.placed)) {
    out.changes = false;
    return out;
  }
  std::optional<StateTransfer> state;
  if (from != nullptr && !options.through_storage) {
    state = transfer(out.placed, *from, left, problem.cluster, sizes, options.notice_s);
    out.loses_iteration = state && left.gpus_lost > 0 && options.notice_s == 0;
  }
  if (!state) {
    out.from_checkpoint = true;
    state = elastic::from_storage(out.placed.nodes, problem.cluster, sizes,
                                  options.storage_bytes_per_s);
    if (from != nullptr) {
      const double write_s = checkpoint_s(*from, problem, options);
      if (left.gpus_lost == 0) state->restore_s += write_s;
      out.loses_work = left.gpus_lost > 0 && write_s > options.notice_s;
    }
  }
  out.gpus_receiving = state->gpus_receiving;
  out.layers_received = state->layers_received;
  out.network_bytes = state->network_bytes;
  out.inside_bytes = state->inside_bytes;
  out.storage_bytes = state->storage_bytes;
  out.transfer_s = state->transfer_s;
  out.restore_s = state->restore_s;
  out.egress_usd = state->egress_usd;
  out.restart_s = options.restart_s;
  return out;
}

double checkpoint_s(const PlacedPlan& placed, const TrainingProblem& problem,
                    const MoveOptions& options) {
  const StateSizes sizes(problem);
  std::map<StateKey, FractionSet> written;
  double longest_s = 0;
  for (const auto& [id, node] : placed.nodes) {
    double bytes = 0;
    for (const GpuState& gpu : node) {
      for (const auto& [key, part] : gpu.parts) {
        FractionSet& done = written[key];
        bytes += sizes.bytes(gpu.tp, key, part.without(done));
        done = done.united(part);
      }
    }
    longest_s = std::max(longest_s, bytes / options.storage_bytes_per_s);
  }
  return longest_s;
}

}  // namespace sextant
