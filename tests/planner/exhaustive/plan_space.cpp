#include "tests/planner/exhaustive/plan_space.h"

#include <algorithm>
#include <optional>
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
  unsigned group = 0;     ///< bit of its group of zones, if that has several
};

/// Of the stages so far.
struct Counts {
  int mixed = 0;
  unsigned groups = 0;
};

/// By replica, the zone of its stages in one group.
using Alignment = std::vector<std::string>;

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
  void with_choices(const std::vector<Choice>& choices, unsigned needed_groups,
                    std::size_t pipelines_left, const std::vector<int>& left);
  void extend(const std::vector<Choice>& choices, int first, const std::vector<int>& left,
              Counts counts, std::size_t pipelines_left);
  void place();
  void place_replica(std::vector<std::vector<int>>& free, std::size_t at);
  void share();
  void share_rest(std::vector<int>& shares, std::size_t at, int left);

  Choice choice_of(const Kinds& kinds) const;
  std::set<Kinds> any(int replicas) const;
  std::set<Kinds> mixed_anywhere(int replicas) const;
  std::set<Kinds> pure(const Alignment& alignment) const;
  std::set<Kinds> mixed(const Alignment& alignment) const;
  std::set<Alignment> alignments(const std::vector<std::string>& zones, int replicas) const;
  std::vector<std::vector<Alignment>> all_alignments(int replicas) const;
  std::optional<Kind> kind_of(const std::string& gpu, const std::string& zone, int tp) const;
  std::vector<std::vector<int>> empty_nodes() const;

  const TrainingProblem& problem_;
  const std::vector<GpuPool>& pools_;
  PlanSpace space_;
  const std::function<void(const Plan&)>& visit_;
  Kinds kinds_;  ///< there are, at the microbatch
  Plan plan_;
  unsigned needed_groups_ = 0;  ///< of which the pipeline must have a stage
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

std::optional<Kind> Enumeration::kind_of(const std::string& gpu, const std::string& zone,
                                         int tp) const {
  for (const Kind& kind : kinds_) {
    if (kind.tp == tp && pools_[kind.pool].gpu == gpu && pools_[kind.pool].zone == zone) {
      return kind;
    }
  }
  return std::nullopt;
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

/// Either kind may come first: links need not be the same in both directions.
std::set<Kinds> Enumeration::mixed_anywhere(int replicas) const {
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

std::set<Kinds> Enumeration::pure(const Alignment& alignment) const {
  std::set<Kinds> out;
  for (const Kind& any : kinds_) {
    Kinds stage;
    for (const std::string& zone : alignment) {
      if (const auto kind = kind_of(pools_[any.pool].gpu, zone, any.tp)) stage.push_back(*kind);
    }
    if (stage.size() == alignment.size()) out.insert(stage);
  }
  return out;
}

/// Zone by zone, some replicas of one GPU type and the rest of another, either first.
std::set<Kinds> Enumeration::mixed(const Alignment& alignment) const {
  std::set<Kinds> out;
  for (const Kind& a : kinds_) {
    for (const Kind& b : kinds_) {
      const std::string& first = pools_[a.pool].gpu;
      const std::string& second = pools_[b.pool].gpu;
      if (first >= second) continue;
      std::set<Kinds> begun = {{}};
      for (std::size_t r = 0; r < alignment.size();) {
        const std::string& zone = alignment[r];
        std::size_t end = r;
        while (end < alignment.size() && alignment[end] == zone) ++end;
        const std::optional<Kind> one = kind_of(first, zone, a.tp);
        const std::optional<Kind> other = kind_of(second, zone, b.tp);
        std::set<Kinds> longer;
        for (const Kinds& stage : begun) {
          for (std::size_t n = 0; n <= end - r; ++n) {
            if ((n > 0 && !one) || (n < end - r && !other)) continue;
            Kinds next = stage;
            if (n > 0) next.resize(r + n, *one);
            if (n < end - r) next.resize(end, *other);
            longer.insert(next);
            next = stage;
            if (n < end - r) next.resize(end - n, *other);
            if (n > 0) next.resize(end, *one);
            longer.insert(next);
          }
        }
        begun = std::move(longer);
        r = end;
      }
      for (const Kinds& stage : begun) {
        const auto is_first = [&](const Kind& kind) { return pools_[kind.pool].gpu == first; };
        const auto firsts = std::count_if(stage.begin(), stage.end(), is_first);
        if (firsts > 0 && firsts < static_cast<std::ptrdiff_t>(stage.size())) out.insert(stage);
      }
    }
  }
  return out;
}

/// Every way to divide the replicas among all of these zones, zone after zone in every order.
std::set<Alignment> Enumeration::alignments(const std::vector<std::string>& zones,
                                            int replicas) const {
  std::vector<std::string> order = zones;
  std::sort(order.begin(), order.end());
  std::set<Alignment> out;
  do {
    std::vector<Alignment> partial = {{}};
    for (std::size_t z = 0; z < order.size(); ++z) {
      std::vector<Alignment> longer;
      for (const Alignment& begun : partial) {
        const int left = replicas - static_cast<int>(begun.size());
        for (int n = z + 1 == order.size() ? std::max(left, 1) : 1; n <= left; ++n) {
          longer.push_back(begun);
          longer.back().resize(begun.size() + static_cast<std::size_t>(n), order[z]);
        }
      }
      partial = std::move(longer);
    }
    out.insert(partial.begin(), partial.end());
  } while (std::next_permutation(order.begin(), order.end()));
  return out;
}

/// For every way to divide the zones into groups, every way to divide the replicas of each.
std::vector<std::vector<Alignment>> Enumeration::all_alignments(int replicas) const {
  std::set<std::string> zones;
  for (const GpuPool& pool : pools_) zones.insert(pool.zone);
  // Zone after zone joins a group there is, or begins one.
  std::vector<std::vector<std::vector<std::string>>> partitions = {{}};
  for (const std::string& zone : zones) {
    std::vector<std::vector<std::vector<std::string>>> next;
    for (const auto& groups : partitions) {
      for (std::size_t g = 0; g < groups.size() && space_.aligned; ++g) {
        next.push_back(groups);
        next.back()[g].push_back(zone);
      }
      next.push_back(groups);
      next.back().push_back({zone});
    }
    partitions = std::move(next);
  }
  std::vector<std::vector<Alignment>> out;
  for (const auto& groups : partitions) {
    std::vector<std::vector<Alignment>> chosen = {{}};
    for (const auto& group : groups) {
      std::vector<std::vector<Alignment>> longer;
      for (const auto& begun : chosen) {
        for (const Alignment& alignment : alignments(group, replicas)) {
          longer.push_back(begun);
          longer.back().push_back(alignment);
        }
      }
      chosen = std::move(longer);
    }
    out.insert(out.end(), chosen.begin(), chosen.end());
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
  const auto add = [&](std::vector<Choice>& choices, const std::set<Kinds>& stages, bool is_mixed,
                       unsigned group) {
    for (const Kinds& kinds : stages) {
      choices.push_back(choice_of(kinds));
      choices.back().mixed = is_mixed ? 1 : 0;
      choices.back().group = group;
    }
  };
  if (space_.any_replica) {
    std::vector<Choice> choices;
    add(choices, any(replicas), false, 0);
    with_choices(choices, 0, pipelines_left, left);
    return;
  }
  for (const std::vector<Alignment>& groups : all_alignments(replicas)) {
    std::vector<Choice> choices;
    unsigned needed = 0;  // plans without a stage in one of these come with other groups
    for (std::size_t g = 0; g < groups.size(); ++g) {
      const unsigned bit = groups[g].front() == groups[g].back() ? 0 : 1U << g;
      needed |= bit;
      add(choices, pure(groups[g]), false, bit);
      if (space_.most_mixed_stages > 0) add(choices, mixed(groups[g]), true, bit);
    }
    if (space_.mixed_anywhere) add(choices, mixed_anywhere(replicas), true, 0);
    with_choices(choices, needed, pipelines_left, left);
  }
}

void Enumeration::with_choices(const std::vector<Choice>& choices, unsigned needed_groups,
                               std::size_t pipelines_left, const std::vector<int>& left) {
  const unsigned before = std::exchange(needed_groups_, needed_groups);
  plan_.pipelines.emplace_back();
  extend(choices, 0, left, {}, pipelines_left);
  plan_.pipelines.pop_back();
  needed_groups_ = before;
}

void Enumeration::extend(const std::vector<Choice>& choices, int first,
                         const std::vector<int>& left, Counts counts, std::size_t pipelines_left) {
  if (first == plan_.layer_count) {
    if ((counts.groups & needed_groups_) != needed_groups_) return;
    if (pipelines_left == 0) {
      place();
    } else {
      add_pipeline(pipelines_left, left);
    }
    return;
  }
  for (const Choice& choice : choices) {
    const Counts with{counts.mixed + choice.mixed, counts.groups | choice.group};
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
