#include "planner/training/sextant/plan_builder.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "planner/training/sextant/index.h"
#include "planner/training/sextant/stock.h"

namespace sextant::search {

namespace {

/// Free GPUs of the nodes of a pool.
class NodeStock {
 public:
  explicit NodeStock(const GpuPool& pool) : pool_(&pool) {
    for (int left = pool.count, node = 0; left > 0; left -= pool.gpus_per_node, ++node) {
      free_.push_back(std::min(left, pool.gpus_per_node));
    }
  }

  /// A node with `tp` GPUs free, the first there is; they are then taken.
  std::optional<Machine> take(int tp) {
    // Degrees come in descending order, so a node too full for this one is too full for the next
    // larger; the cursor only skips what is entirely used.
    while (cursor_ < free_.size() && free_[cursor_] == 0) ++cursor_;
    for (std::size_t n = cursor_; n < free_.size(); ++n) {
      if (free_[n] < tp) continue;
      free_[n] -= tp;
      return Machine{pool_->gpu, pool_->zone, static_cast<int>(n), tp};
    }
    return std::nullopt;
  }

 private:
  const GpuPool* pool_;
  std::vector<int> free_;
  std::size_t cursor_ = 0;
};

/// Replicas of one stage on one member of its option in one zone of its group.
struct Share {
  std::size_t stage = 0;
  std::size_t zone = 0;
  std::size_t member = 0;
  int tp = 1;
  int pool = 0;
  int replicas = 0;
};

/// Divides the replicas of stages among zones and members.
class Division {
 public:
  Division(const StageTables& tables, const ReplicaCount& count,
           const std::vector<StageChoice>& stages, Objective objective)
      : tables_(tables), count_(count), stages_(stages), objective_(objective) {}

  /// Empty where there is no room.
  std::vector<Share> run() {
    const StageOption* mixed = nullptr;
    for (const StageChoice& choice : stages_) {
      const StageOption& option = tables_.options[index(choice.option)];
      if (option.mixed()) {
        mixed = &option;
      } else {
        used_.add(option.members[0].resource, option.members[0].tp);
      }
    }
    for (std::size_t s = 0; s < stages_.size(); ++s) {
      const StageOption& option = tables_.options[index(stages_[s].option)];
      if (!option.mixed() && !add_pure(s, option, mixed)) return {};
    }
    for (std::size_t s = 0; s < stages_.size(); ++s) {
      const StageOption& option = tables_.options[index(stages_[s].option)];
      if (option.mixed() && !add_mixed(s, option)) return {};
    }
    return shares_;
  }

 private:
  int group_of(const StageOption::Member& member) const {
    return tables_.resource(member.resource).group;
  }

  /// By zone of the group: D replicas, as many as there is room for in the first zones.
  std::vector<int> by_zone(int group, const StageOption* mixed) const {
    const bool has_mixed = mixed != nullptr && group_of(mixed->members[0]) == group;
    std::vector<int> out = replicas_by_zone(tables_, group, used_, has_mixed ? mixed : nullptr);
    int missing = count_.replicas;
    for (int& replicas : out) {
      replicas = std::min(replicas, missing);
      missing -= replicas;
    }
    return missing > 0 ? std::vector<int>() : out;
  }

  bool aligned(const StageOption::Member& member) const {
    return tables_.grouping.groups[index(group_of(member))].aligned;
  }

  /// From one zone after the other, what is left there.
  bool add_from_stock(std::size_t s, const StageOption& option) {
    int missing = count_.replicas;
    const std::size_t zones = option.members.front().classes.size();
    for (std::size_t zone = 0; zone < zones && missing > 0; ++zone) {
      missing -= add_members(s, option, zone, missing);
    }
    return missing == 0;
  }

  bool add_pure(std::size_t s, const StageOption& option, const StageOption* mixed) {
    const StageOption::Member& member = option.members[0];
    if (!aligned(member)) return add_from_stock(s, option);
    const std::vector<int> zones = by_zone(group_of(member), mixed);
    for (std::size_t zone = 0; zone < zones.size(); ++zone) add(s, zone, 0, member, zones[zone]);
    return !zones.empty();
  }

  bool add_mixed(std::size_t s, const StageOption& option) {
    if (!aligned(option.members[0])) return add_from_stock(s, option);
    const std::vector<int> zones = by_zone(group_of(option.members[0]), &option);
    for (std::size_t zone = 0; zone < zones.size(); ++zone) {
      if (add_members(s, option, zone, zones[zone]) < zones[zone]) return false;
    }
    return !zones.empty();
  }

  /// As many replicas of the cheaper member as there is room for in the zone beside what stands
  /// there, then of the other. Returns how many of `replicas` found room.
  int add_members(std::size_t s, const StageOption& option, std::size_t zone, int replicas) {
    int added = 0;
    std::vector<std::size_t> cheapest_first(option.members.size());
    std::iota(cheapest_first.begin(), cheapest_first.end(), std::size_t{0});
    const auto price = [&](std::size_t m) {
      const int tp = option.members[m].tp;
      if (objective_ == Objective::kGpus) return static_cast<double>(tp);
      return tp * tables_.resource(option.members[m].resource).usd_per_hour;
    };
    std::stable_sort(cheapest_first.begin(), cheapest_first.end(),
                     [&](std::size_t a, std::size_t b) { return price(a) < price(b); });
    // Each leaves the other what it must have at least.
    const bool divides =
        option.mixed() && aligned(option.members[0]) && option.members[0].classes.size() == 1;
    int kept = 0;
    for (const StageOption::Member& member : option.members) kept += divides ? member.fewest : 0;
    for (const std::size_t m : cheapest_first) {
      const StageOption::Member& member = option.members[m];
      const int pool = tables_.resource(member.resource).pools[zone];
      if (pool < 0) continue;
      const int free = tables_.cluster.pools[index(pool)].count - taken_[pool];
      if (divides) kept -= member.fewest;
      int here = std::min(replicas - added - kept, std::max(0, free / member.tp));
      if (divides && member.single) here = std::min(here, 1);
      add(s, zone, m, member, here);
      added += here;
    }
    return added;
  }

  void add(std::size_t s, std::size_t zone, std::size_t m, const StageOption::Member& member,
           int replicas) {
    if (replicas == 0) return;
    const int pool = tables_.resource(member.resource).pools[zone];
    taken_[pool] += replicas * member.tp;
    shares_.push_back({s, zone, m, member.tp, pool, replicas});
  }

  const StageTables& tables_;
  ReplicaCount count_;
  const std::vector<StageChoice>& stages_;
  Objective objective_;
  Used used_;
  std::map<int, int> taken_;  ///< GPUs by pool
  std::vector<Share> shares_;
};

}  // namespace

std::optional<Plan> build_plan(const TrainingProblem& problem, const StageTables& tables,
                               const ReplicaCount& count, const std::vector<StageChoice>& stages) {
  std::vector<Share> shares = Division(tables, count, stages, problem.job.objective).run();
  if (shares.empty()) return std::nullopt;
  std::stable_sort(shares.begin(), shares.end(),
                   [](const Share& a, const Share& b) { return a.tp > b.tp; });
  std::map<int, NodeStock> stock;
  for (const Share& share : shares) {
    stock.try_emplace(share.pool, problem.cluster.pools[index(share.pool)]);
  }

  const PlanSettings& settings = tables.costs.settings;
  Plan plan;
  plan.model = problem.job.model;
  plan.layer_count = tables.layer_count();
  plan.global_batch = problem.job.global_batch;
  plan.microbatch = settings.microbatch;
  plan.schedule = settings.schedule;
  plan.zero_stage = settings.zero_stage;
  plan.recompute = settings.recompute || problem.profile.recompute;
  plan.sequence_parallel = problem.profile.sequence_parallel;
  Pipeline& pipeline = plan.pipelines.emplace_back();
  for (const StageChoice& choice : stages) {
    pipeline.stages.push_back({{{choice.first, choice.end}}, {}});
  }
  // Put together zone by zone and in the members' order, whatever order they were placed in.
  std::map<std::pair<std::size_t, std::size_t>, std::vector<std::vector<Replica>>> replicas;
  for (const Share& share : shares) {
    std::vector<std::vector<Replica>>& members = replicas[{share.stage, share.zone}];
    members.resize(2);
    for (int r = 0; r < share.replicas; ++r) {
      std::optional<Machine> machine = stock.at(share.pool).take(share.tp);
      if (!machine) return std::nullopt;
      members[share.member].push_back({{std::move(*machine)}, share.tp, 0});
    }
  }
  for (auto& [place, members] : replicas) {
    for (std::vector<Replica>& part : members) {
      std::move(part.begin(), part.end(),
                std::back_inserter(pipeline.stages[place.first].replicas));
    }
  }
  return plan;
}

}  // namespace sextant::search
