#include "planner/training/sextant/local_search.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

namespace sextant::search {

namespace {

/// Steps must be worth their while, not rounding.
constexpr double kLeastGain = 1e-6;

/// Replicas that run on the same GPUs at every stage take equal shares.
std::vector<std::vector<std::size_t>> alike_replicas(const Pipeline& pipeline) {
  std::map<std::vector<std::tuple<std::string, std::string, int>>, std::vector<std::size_t>> kinds;
  for (std::size_t r = 0; r < pipeline.stages.front().replicas.size(); ++r) {
    std::vector<std::tuple<std::string, std::string, int>> kind;
    for (const Stage& stage : pipeline.stages) {
      const Replica& replica = stage.replicas[r % stage.replicas.size()];
      kind.emplace_back(replica.machines.front().gpu, replica.machines.front().zone, replica.tp);
    }
    kinds[kind].push_back(r);
  }
  std::vector<std::vector<std::size_t>> out;
  for (auto& [kind, replicas] : kinds) out.push_back(std::move(replicas));
  return out;
}

/// Microbatches of each replica of the first stage, as they are where the plan leaves them out.
std::vector<int> shares_of(const Plan& plan) {
  const std::vector<Replica>& replicas = plan.pipelines.front().stages.front().replicas;
  std::vector<int> out;
  for (const Replica& replica : replicas) out.push_back(replica.share);
  if (std::any_of(out.begin(), out.end(), [](int share) { return share > 0; })) return out;
  const int total = (plan.global_batch + plan.microbatch - 1) / plan.microbatch;
  const int count = static_cast<int>(replicas.size());
  for (int r = 0; r < count; ++r) {
    out[static_cast<std::size_t>(r)] = total / count + (r < total % count ? 1 : 0);
  }
  return out;
}

void set_shares(Plan& plan, const std::vector<int>& shares) {
  plan.split = BatchSplit::kMicrobatches;
  for (Stage& stage : plan.pipelines.front().stages) {
    for (std::size_t r = 0; r < stage.replicas.size(); ++r) stage.replicas[r].share = shares[r];
  }
}

}  // namespace

bool LocalSearch::take_if_better(JudgedPlan& best, const Plan& plan) {
  if (left_ == 0) return false;
  --left_;
  std::optional<JudgedPlan> judged = judge_(plan);
  if (!judged || judged->score >= best.score * (1 - kLeastGain)) return false;
  best = std::move(*judged);
  return true;
}

bool LocalSearch::move_layers(JudgedPlan& best) {
  bool moved = false;
  const std::size_t pipelines = best.plan.pipelines.size();
  for (std::size_t p = 0; p < pipelines; ++p) {
    const std::size_t stages = best.plan.pipelines[p].stages.size();
    for (std::size_t s = 0; s + 1 < stages; ++s) {
      for (const int step : {1, -1}) {
        // On as long as it helps.
        while (true) {
          Plan plan = best.plan;
          LayerRange& here = plan.pipelines[p].stages[s].chunks.front();
          LayerRange& next = plan.pipelines[p].stages[s + 1].chunks.front();
          here.end += step;
          next.first += step;
          if (here.size() < 1 || next.size() < 1 || !take_if_better(best, plan)) break;
          moved = true;
        }
      }
    }
  }
  return moved;
}

bool LocalSearch::change_schedule(JudgedPlan& best) {
  bool changed = false;
  for (const ScheduleKind schedule : freedom_.schedules) {
    // Virtual chunks ask for another division of layers than stages have here.
    if (schedule == best.plan.schedule || schedule == ScheduleKind::kInterleaved) continue;
    Plan plan = best.plan;
    plan.schedule = schedule;
    changed = take_if_better(best, plan) || changed;
  }
  return changed;
}

/// From each kind of replica to each other, as many as the smaller kind has replicas.
bool LocalSearch::move_microbatches(JudgedPlan& best) {
  if (best.plan.pipelines.size() != 1) return false;
  const Pipeline& pipeline = best.plan.pipelines.front();
  const std::size_t replicas = pipeline.stages.front().replicas.size();
  for (const Stage& stage : pipeline.stages) {
    if (stage.replicas.size() != replicas) return false;
  }
  const std::vector<std::vector<std::size_t>> kinds = alike_replicas(pipeline);
  bool moved = false;
  for (const auto& from : kinds) {
    for (const auto& to : kinds) {
      if (&from == &to) continue;
      while (true) {
        std::vector<int> shares = shares_of(best.plan);
        // The busiest give one each, the idlest take them.
        std::vector<std::size_t> givers = from;
        std::vector<std::size_t> takers = to;
        std::stable_sort(givers.begin(), givers.end(),
                         [&](auto a, auto b) { return shares[a] > shares[b]; });
        std::stable_sort(takers.begin(), takers.end(),
                         [&](auto a, auto b) { return shares[a] < shares[b]; });
        for (std::size_t i = 0; i < givers.size(); ++i) {
          if (shares[givers[i]] < 2) continue;
          --shares[givers[i]];
          ++shares[takers[i % takers.size()]];
        }
        Plan plan = best.plan;
        set_shares(plan, shares);
        if (!take_if_better(best, plan)) break;
        moved = true;
      }
    }
  }
  return moved;
}

JudgedPlan LocalSearch::improve(JudgedPlan plan) {
  bool improved = true;
  while (improved && left_ > 0) {
    improved = move_layers(plan);
    improved = change_schedule(plan) || improved;
    improved = move_microbatches(plan) || improved;
  }
  return plan;
}

}  // namespace sextant::search
