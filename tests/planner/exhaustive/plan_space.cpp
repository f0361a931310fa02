#include "tests/planner/exhaustive/plan_space.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace sextant::exhaustive {

namespace {

/// Where a replica stands and on how many GPUs.
struct Kind {
  std::size_t pool = 0;
  int tp = 1;
  auto operator<=>(const Kind&) const = default;
};
using Kinds = std::vector<Kind>;  ///< of a stage, by replica

/// What a stage may be.
struct Choice {
  Stage stage;            ///< without layers
  std::vector<int> gpus;  ///< taken, by pool
  int mixed = 0;          ///< 1 where it is
  int aligned = 0;
};

/// Of the stages so far.
struct Counts {
  int mixed = 0;
  int aligned = 0;
};

class Enumeration {
 public:
  Enumeration(const TrainingProblem& problem, const PlanSpace& space,
              const std::function<void(const Plan&)>& visit)
      : problem_(problem), pools_(problem.cluster.pools), space_(space), visit_(visit) {}

  void run();

 private:
  void of_settings();
  void set_microbatch(int b);
  void add_pipeline(std::size_t pipelines_left, const std::vector<int>& left);
  void of_replicas(int replicas, std::size_t pipelines_left, const std::vector<int>& left);
  void with_choices(const std::vector<Choice>& choices, int least_aligned,
                    std::size_t pipelines_left, const std::vector<int>& left);
  void extend(const std::vector<Choice>& choices, int first, const std::vector<int>& left,
              Counts counts, std::size_t pipelines_left);
  void place();
  void place_replica(std::vector<std::vector<int>>& free, std::size_t at);
  void share();
  void share_rest(std::vector<int>& shares, std::size_t at, int left);

  Choice choice_of(const Kinds& kinds) const;
  std::set<Kinds> pure(int replicas) const;
  std::set<Kinds> mixed(int replicas) const;
  std::set<Kinds> any(int replicas) const;
  std::set<Kinds> aligned(const std::vector<std::string>& zone_of_replica) const;
  std::vector<std::vector<std::string>> alignments(int replicas) const;
  bool has(std::size_t pool, int tp) const;
  std::vector<std::vector<int>> empty_nodes() const;

  const TrainingProblem& problem_;
  const std::vector<GpuPool>& pools_;
  PlanSpace space_;
  const std::function<void(const Plan&)>& visit_;
  Kinds kinds_;  ///< there are, at the microbatch
  Plan plan_;
  int least_aligned_ = 0;  ///< stages of the pipeline
  std::vector<Replica*> to_place_;
};

void Enumeration::run() {
  plan_.model = problem_.job.model;
  plan_.layer_count = problem_.profile.layer_count;
  plan_.global_batch = problem_.job.global_batch;
  const Freedom& freedom = problem_.job.freedom;
  for (const ScheduleKind schedule : freedom.schedules) {
    for (const int zero_stage : freedom.zero_stages) {
      for (const bool recompute : freedom.recompute) {
        plan_.schedule = schedule;
        plan_.zero_stage = zero_stage;
        plan_.recompute = recompute || problem_.profile.recompute;
        of_settings();
      }
    }
  }
}

void Enumeration::of_settings() {
  std::set<int> microbatches;
  for (const auto& [key, point] : problem_.profile.points) microbatches.insert(key.microbatch);
  for (const int b : microbatches) {
    if (b > plan_.global_batch) continue;
    set_microbatch(b);
    std::vector<int> left;
    for (const GpuPool& pool : pools_) left.push_back(pool.count);
    const std::size_t most_pipelines = space_.two_pipelines ? 2 : 1;
    for (std::size_t pipelines = 1; pipelines <= most_pipelines; ++pipelines) {
      add_pipeline(pipelines, left);
    }
  }
}

void Enumeration::set_microbatch(int b) {
  plan_.microbatch = b;
  kinds_.clear();
  for (std::size_t p = 0; p < pools_.size(); ++p) {
    for (const auto& [key, point] : problem_.profile.points) {
      if (key.gpu == pools_[p].gpu && key.microbatch == b && key.tp <= pools_[p].gpus_per_node &&
          key.tp <= pools_[p].count) {
        kinds_.push_back({p, key.tp});
      }
    }
  }
}

bool Enumeration::has(std::size_t pool, int tp) const {
  return std::find(kinds_.begin(), kinds_.end(), Kind{pool, tp}) != kinds_.end();
}

Choice Enumeration::choice_of(const Kinds& kinds) const {
  Choice choice;
  choice.gpus.assign(pools_.size(), 0);
  for (const Kind& kind : kinds) {
    const GpuPool& pool = pools_[kind.pool];
    choice.gpus[kind.pool] += kind.tp;
    choice.stage.replicas.push_back({{{pool.gpu, pool.zone, -1, kind.tp}}, kind.tp, 0});
  }
  return choice;
}

std::set<Kinds> Enumeration::pure(int replicas) const {
  std::set<Kinds> out;
  for (const Kind& kind : kinds_) out.insert(Kinds(static_cast<std::size_t>(replicas), kind));
  return out;
}

/// Either kind may come first: links need not be the same in both directions.
std::set<Kinds> Enumeration::mixed(int replicas) const {
  std::set<Kinds> out;
  for (const Kind& a : kinds_) {
    for (const Kind& b : kinds_) {
      if (a.pool == b.pool) continue;
      for (int n = 1; n < replicas; ++n) {
        Kinds stage(static_cast<std::size_t>(n), a);
        stage.resize(static_cast<std::size_t>(replicas), b);
        out.insert(stage);
      }
    }
  }
  return out;
}

std::set<Kinds> Enumeration::any(int replicas) const {
  std::set<Kinds> out = {{}};
  for (int r = 0; r < replicas; ++r) {
    std::set<Kinds> longer;
    for (const Kinds& stage : out) {
      for (const Kind& kind : kinds_) {
        longer.insert(stage);
        Kinds next = stage;
        next.push_back(kind);
        longer.insert(next);
      }
    }
    std::erase_if(longer, [&](const Kinds& stage) {
      return stage.size() != static_cast<std::size_t>(r + 1);
    });
    out = std::move(longer);
  }
  return out;
}

/// Every way to divide the replicas among two or more zones, zone after zone in every order.
std::vector<std::vector<std::string>> Enumeration::alignments(int replicas) const {
  std::set<std::string> zones;
  for (const GpuPool& pool : pools_) zones.insert(pool.zone);
  std::vector<std::string> order(zones.begin(), zones.end());
  std::set<std::vector<std::string>> out;
  do {
    // Zones in this order, each with any number of those left; what has none is left out.
    std::vector<std::vector<std::string>> partial = {{}};
    for (std::size_t z = 0; z < order.size(); ++z) {
      std::vector<std::vector<std::string>> longer;
      for (const auto& begun : partial) {
        const int left = replicas - static_cast<int>(begun.size());
        for (int n = z + 1 == order.size() ? left : 0; n <= left; ++n) {
          longer.push_back(begun);
          longer.back().resize(begun.size() + static_cast<std::size_t>(n), order[z]);
        }
      }
      partial = std::move(longer);
    }
    for (const auto& zone_of_replica : partial) {
      if (zone_of_replica.front() != zone_of_replica.back()) out.insert(zone_of_replica);
    }
  } while (std::next_permutation(order.begin(), order.end()));
  return {out.begin(), out.end()};
}

std::set<Kinds> Enumeration::aligned(const std::vector<std::string>& zone_of_replica) const {
  std::set<std::pair<std::string, int>> types;
  for (const Kind& kind : kinds_) types.insert({pools_[kind.pool].gpu, kind.tp});
  std::set<Kinds> out;
  for (const auto& [gpu, tp] : types) {
    Kinds stage;
    for (const std::string& zone : zone_of_replica) {
      for (std::size_t p = 0; p < pools_.size(); ++p) {
        if (pools_[p].gpu == gpu && pools_[p].zone == zone && has(p, tp)) stage.push_back({p, tp});
      }
    }
    if (stage.size() == zone_of_replica.size()) out.insert(stage);
  }
  return out;
}

/// No more replicas than microbatches: one without work would only be in the way.
void Enumeration::add_pipeline(std::size_t pipelines_left, const std::vector<int>& left) {
  const int microbatches = (plan_.global_batch + plan_.microbatch - 1) / plan_.microbatch;
  const int most = std::min(problem_.cluster.gpu_count(), microbatches);
  for (int d = 1; d <= most; ++d) of_replicas(d, pipelines_left - 1, left);
}

/// Plans of which the next pipeline has so many replicas a stage.
void Enumeration::of_replicas(int replicas, std::size_t pipelines_left,
                              const std::vector<int>& left) {
  std::vector<Choice> choices;
  for (const Kinds& kinds : space_.any_replica ? any(replicas) : pure(replicas)) {
    choices.push_back(choice_of(kinds));
  }
  if (!space_.any_replica && space_.most_mixed_stages > 0) {
    for (const Kinds& kinds : mixed(replicas)) {
      choices.push_back(choice_of(kinds));
      choices.back().mixed = 1;
    }
  }
  with_choices(choices, 0, pipelines_left, left);
  if (!space_.aligned) return;
  for (const auto& zone_of_replica : alignments(replicas)) {
    std::vector<Choice> more = choices;
    for (const Kinds& kinds : aligned(zone_of_replica)) {
      more.push_back(choice_of(kinds));
      more.back().aligned = 1;
    }
    if (more.size() > choices.size()) with_choices(more, 1, pipelines_left, left);
  }
}

void Enumeration::with_choices(const std::vector<Choice>& choices, int least_aligned,
                               std::size_t pipelines_left, const std::vector<int>& left) {
  const int before = std::exchange(least_aligned_, least_aligned);
  plan_.pipelines.emplace_back();
  extend(choices, 0, left, {}, pipelines_left);
  plan_.pipelines.pop_back();
  least_aligned_ = before;
}

void Enumeration::extend(const std::vector<Choice>& choices, int first,
                         const std::vector<int>& left, Counts counts, std::size_t pipelines_left) {
  if (first == plan_.layer_count) {
    if (counts.aligned < least_aligned_) return;
    if (pipelines_left == 0) {
      place();
    } else {
      add_pipeline(pipelines_left, left);
    }
    return;
  }
  for (const Choice& choice : choices) {
    const Counts with{counts.mixed + choice.mixed, counts.aligned + choice.aligned};
    if (with.mixed > space_.most_mixed_stages) continue;
    std::vector<int> rest = left;
    bool enough = true;
    for (std::size_t p = 0; p < rest.size(); ++p) {
      rest[p] -= choice.gpus[p];
      enough = enough && rest[p] >= 0;
    }
    if (!enough) continue;
    for (int end = first + 1; end <= plan_.layer_count; ++end) {
      plan_.pipelines.back().stages.push_back(choice.stage);
      plan_.pipelines.back().stages.back().chunks = {{first, end}};
      extend(choices, end, rest, with, pipelines_left);
      plan_.pipelines.back().stages.pop_back();
    }
  }
}

/// Free GPUs by pool and node; the last node of a pool may not be full.
std::vector<std::vector<int>> Enumeration::empty_nodes() const {
  std::vector<std::vector<int>> free;
  for (const GpuPool& pool : pools_) {
    std::vector<int>& nodes = free.emplace_back();
    for (int left = pool.count; left > 0; left -= pool.gpus_per_node) {
      nodes.push_back(std::min(left, pool.gpus_per_node));
    }
  }
  return free;
}

void Enumeration::place() {
  to_place_.clear();
  bool single = true;
  for (Pipeline& pipeline : plan_.pipelines) {
    for (Stage& stage : pipeline.stages) {
      for (Replica& replica : stage.replicas) {
        to_place_.push_back(&replica);
        single = single && replica.tp == 1;
      }
    }
  }
  if (single && !space_.every_placement) {
    share();  // there is room wherever there are GPUs
    return;
  }
  std::vector<std::vector<int>> free = empty_nodes();
  if (space_.every_placement) {
    place_replica(free, 0);
    for (Replica* replica : to_place_) replica->machines[0].node = -1;
    return;
  }
  // Largest first; all ways, until one has room.
  std::stable_sort(to_place_.begin(), to_place_.end(),
                   [](const Replica* a, const Replica* b) { return a->tp > b->tp; });
  const std::function<bool(std::size_t)> room = [&](std::size_t at) {
    if (at == to_place_.size()) return true;
    const Machine& machine = to_place_[at]->machines[0];
    for (std::size_t p = 0; p < pools_.size(); ++p) {
      if (pools_[p].gpu != machine.gpu || pools_[p].zone != machine.zone) continue;
      std::set<int> tried;  // nodes with as many free GPUs are alike
      for (int& node : free[p]) {
        if (node < machine.count || !tried.insert(node).second) continue;
        node -= machine.count;
        const bool found = room(at + 1);
        node += machine.count;
        if (found) return true;
      }
    }
    return false;
  };
  if (room(0)) share();
}

void Enumeration::place_replica(std::vector<std::vector<int>>& free, std::size_t at) {
  if (at == to_place_.size()) {
    share();
    return;
  }
  Machine& machine = to_place_[at]->machines[0];
  for (std::size_t p = 0; p < pools_.size(); ++p) {
    if (pools_[p].gpu != machine.gpu || pools_[p].zone != machine.zone) continue;
    std::set<int> untouched;  // nodes of the same size on which nothing stands yet are alike
    for (std::size_t n = 0; n < free[p].size(); ++n) {
      const int size = std::min(pools_[p].gpus_per_node,
                                pools_[p].count - static_cast<int>(n) * pools_[p].gpus_per_node);
      if (free[p][n] < machine.count) continue;
      if (free[p][n] == size && !untouched.insert(size).second) continue;
      free[p][n] -= machine.count;
      machine.node = static_cast<int>(n);
      place_replica(free, at + 1);
      free[p][n] += machine.count;
    }
  }
}

void Enumeration::share() {
  visit_(plan_);
  if (!space_.unequal_shares) return;
  std::size_t replicas = 0;
  for (const Pipeline& pipeline : plan_.pipelines) replicas += pipeline.stages[0].replicas.size();
  if (replicas < 2) return;
  std::vector<int> shares(replicas);
  share_rest(shares, 0, (plan_.global_batch + plan_.microbatch - 1) / plan_.microbatch);
  for (Replica* replica : to_place_) replica->share = 0;
}

/// Shares of the replicas from `at` on, which have `left` microbatches between them.
void Enumeration::share_rest(std::vector<int>& shares, std::size_t at, int left) {
  if (at + 1 < shares.size()) {
    for (int n = 1; n < left; ++n) {
      shares[at] = n;
      share_rest(shares, at + 1, left - n);
    }
    return;
  }
  if (left < 1) return;
  shares[at] = left;
  std::size_t before = 0;
  for (Pipeline& pipeline : plan_.pipelines) {
    for (Stage& stage : pipeline.stages) {
      for (std::size_t r = 0; r < stage.replicas.size(); ++r) {
        stage.replicas[r].share = shares[before + r];
      }
    }
    before += pipeline.stages[0].replicas.size();
  }
  visit_(plan_);
}

}  // namespace

void for_each_plan(const TrainingProblem& problem, const PlanSpace& space,
                   const std::function<void(const Plan&)>& visit) {
  Enumeration(problem, space, visit).run();
}

}  // namespace sextant::exhaustive
