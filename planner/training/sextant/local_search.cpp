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

/// Replicas of first stages, counted over all pipelines, that run on the same GPUs at every stage.
std::vector<std::vector<std::size_t>> alike_replicas(const Plan& plan) {
  using Kind = std::vector<std::tuple<std::string, std::string, int>>;
  std::map<std::pair<std::size_t, Kind>, std::vector<std::size_t>> kinds;
  std::size_t count = 0;
  for (std::size_t p = 0; p < plan.pipelines.size(); ++p) {
    const std::vector<Stage>& stages = plan.pipelines[p].stages;
    for (std::size_t r = 0; r < stages.front().replicas.size(); ++r) {
      Kind kind;
      for (const Stage& stage : stages) {
        const Replica& replica = stage.replicas[r % stage.replicas.size()];
        kind.emplace_back(replica.machines.front().gpu, replica.machines.front().zone, replica.tp);
      }
      kinds[{p, kind}].push_back(count++);
    }
  }
  std::vector<std::vector<std::size_t>> out;
  for (auto& [kind, replicas] : kinds) out.push_back(std::move(replicas));
  return out;
}

/// Microbatches of each of them; as even as they go where the plan leaves them out.
std::vector<int> shares_of(const Plan& plan) {
  std::vector<int> out;
  for (const Pipeline& pipeline : plan.pipelines) {
    for (const Replica& replica : pipeline.stages.front().replicas) out.push_back(replica.share);
  }
  if (std::any_of(out.begin(), out.end(), [](int share) { return share > 0; })) return out;
  const int total = (plan.global_batch + plan.microbatch - 1) / plan.microbatch;
  const int count = static_cast<int>(out.size());
  for (int r = 0; r < count; ++r) {
    out[static_cast<std::size_t>(r)] = total / count + (r < total % count ? 1 : 0);
  }
  return out;
}

void set_shares(Plan& plan, const std::vector<int>& shares) {
  plan.split = BatchSplit::kMicrobatches;
  std::size_t before = 0;
  for (Pipeline& pipeline : plan.pipelines) {
    const std::size_t replicas = pipeline.stages.front().replicas.size();
    for (Stage& stage : pipeline.stages) {
      for (std::size_t r = 0; r < replicas; ++r) stage.replicas[r].share = shares[before + r];
    }
    before += replicas;
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

/// From each kind of replica to each other: first many, then fewer, at last one of each giver.
bool LocalSearch::move_microbatches(JudgedPlan& best) {
  for (const Pipeline& pipeline : best.plan.pipelines) {
    for (const Stage& stage : pipeline.stages) {
      if (stage.replicas.size() != pipeline.stages.front().replicas.size()) return false;
    }
  }
  const std::vector<std::vector<std::size_t>> kinds = alike_replicas(best.plan);
  bool moved = false;
  for (const auto& from : kinds) {
    for (const auto& to : kinds) {
      if (&from == &to) continue;
      int step = 8;
      while (step > 0 && left_ > 0) {
        std::vector<int> shares = shares_of(best.plan);
        for (int given = 0; given < step * static_cast<int>(from.size()); ++given) {
          // The busiest gives, the idlest takes.
          const auto giver = *std::max_element(
              from.begin(), from.end(), [&](auto a, auto b) { return shares[a] < shares[b]; });
          const auto taker = *std::min_element(
              to.begin(), to.end(), [&](auto a, auto b) { return shares[a] < shares[b]; });
          if (shares[giver] < 2) break;
          --shares[giver];
          ++shares[taker];
        }
        Plan plan = best.plan;
        set_shares(plan, shares);
        if (shares != shares_of(best.plan) && take_if_better(best, plan)) {
          moved = true;
        } else {
          step /= 2;
        }
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
