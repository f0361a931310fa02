#include "planner/training/sextant/plan_builder.h"

#include <algorithm>
#include <numeric>

namespace sextant::search {

namespace {

/// Free GPUs of the nodes of one resource's pools.
class NodeStock {
 public:
  NodeStock(const Cluster& cluster, const Resource& resource) {
    for (const int p : resource.pools) {
      const GpuPool& pool = cluster.pools[static_cast<std::size_t>(p)];
      for (int left = pool.count, node = 0; left > 0; left -= pool.gpus_per_node, ++node) {
        nodes_.push_back({&pool, node, std::min(left, pool.gpus_per_node)});
      }
    }
  }

  /// A node with `tp` GPUs free, the first there is; they are then taken.
  std::optional<Machine> take(int tp) {
    // Degrees come in descending order, so a node too full for this one is too full for the next
    // larger; the cursor only skips what is entirely used.
    while (cursor_ < nodes_.size() && nodes_[cursor_].free == 0) ++cursor_;
    for (std::size_t n = cursor_; n < nodes_.size(); ++n) {
      if (nodes_[n].free < tp) continue;
      nodes_[n].free -= tp;
      return Machine{nodes_[n].pool->gpu, nodes_[n].pool->zone, nodes_[n].index, tp};
    }
    return std::nullopt;
  }

 private:
  struct Node {
    const GpuPool* pool;
    int index;
    int free;
  };
  std::vector<Node> nodes_;
  std::size_t cursor_ = 0;
};

/// Replicas of one stage on one member of its option.
struct Share {
  std::size_t stage = 0;
  std::size_t member = 0;
  int tp = 1;
  int resource = 0;
  int replicas = 0;
};

/// How many replicas of each stage run on which member; empty where there is no room.
std::vector<Share> divide(const StageTables& tables, const ReplicaCount& count,
                          const std::vector<StageChoice>& stages) {
  std::vector<int> left;
  for (const Resource& resource : tables.grouping) left.push_back(resource.count);
  std::vector<Share> shares;
  for (std::size_t s = 0; s < stages.size(); ++s) {
    const StageOption& option = tables.options[static_cast<std::size_t>(stages[s].option)];
    if (option.mixed()) continue;
    const auto& member = option.members[0];
    left[static_cast<std::size_t>(member.resource)] -= count.replicas * member.tp;
    shares.push_back({s, 0, member.tp, member.resource, count.replicas});
  }
  for (std::size_t s = 0; s < stages.size(); ++s) {
    const StageOption& option = tables.options[static_cast<std::size_t>(stages[s].option)];
    if (!option.mixed()) continue;
    std::vector<std::size_t> cheapest_first(option.members.size());
    std::iota(cheapest_first.begin(), cheapest_first.end(), std::size_t{0});
    const auto usd = [&](std::size_t m) {
      const auto& member = option.members[m];
      return member.tp * tables.grouping[static_cast<std::size_t>(member.resource)].usd_per_hour;
    };
    std::stable_sort(cheapest_first.begin(), cheapest_first.end(),
                     [&](std::size_t a, std::size_t b) { return usd(a) < usd(b); });
    int missing = count.replicas;
    for (const std::size_t m : cheapest_first) {
      const auto& member = option.members[m];
      int& room = left[static_cast<std::size_t>(member.resource)];
      const int replicas = std::min(missing, std::max(0, room / member.tp));
      room -= replicas * member.tp;
      missing -= replicas;
      if (replicas > 0) shares.push_back({s, m, member.tp, member.resource, replicas});
    }
    if (missing > 0) return {};
  }
  if (std::any_of(left.begin(), left.end(), [](int gpus) { return gpus < 0; })) return {};
  return shares;
}

}  // namespace

std::optional<Plan> build_plan(const TrainingProblem& problem, const StageTables& tables,
                               const ReplicaCount& count, const std::vector<StageChoice>& stages) {
  std::vector<Share> shares = divide(tables, count, stages);
  if (shares.empty()) return std::nullopt;
  std::stable_sort(shares.begin(), shares.end(),
                   [](const Share& a, const Share& b) { return a.tp > b.tp; });
  std::vector<NodeStock> stock;
  for (const Resource& resource : tables.grouping) stock.emplace_back(problem.cluster, resource);

  Plan plan;
  plan.model = problem.job.model;
  plan.layer_count = tables.layer_count();
  plan.global_batch = problem.job.global_batch;
  plan.microbatch = tables.costs.settings.microbatch;
  Pipeline& pipeline = plan.pipelines.emplace_back();
  for (const StageChoice& choice : stages) {
    pipeline.stages.push_back({{{choice.first, choice.end}}, {}});
  }
  // replicas[stage][member]: put together in member order afterwards, whatever order they were
  // placed in.
  std::vector<std::vector<std::vector<Replica>>> replicas(stages.size(),
                                                          std::vector<std::vector<Replica>>(2));
  for (const Share& share : shares) {
    for (int r = 0; r < share.replicas; ++r) {
      std::optional<Machine> machine =
          stock[static_cast<std::size_t>(share.resource)].take(share.tp);
      if (!machine) return std::nullopt;
      replicas[share.stage][share.member].push_back({{std::move(*machine)}, share.tp, 0});
    }
  }
  for (std::size_t s = 0; s < stages.size(); ++s) {
    for (std::vector<Replica>& part : replicas[s]) {
      std::move(part.begin(), part.end(), std::back_inserter(pipeline.stages[s].replicas));
    }
  }
  return plan;
}

}  // namespace sextant::search
