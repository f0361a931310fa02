#include "launch/emit/training/uniform_plans.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace sextant {

namespace {

using Source = std::vector<const GpuPool*>;

int replicas_on(const GpuPool& pool, int tp) {
  const int whole = pool.count / pool.gpus_per_node;
  return whole * (pool.gpus_per_node / tp) + pool.count % pool.gpus_per_node / tp;
}

int replicas_on(const Source& source, int tp) {
  int replicas = 0;
  for (const GpuPool* pool : source) replicas += replicas_on(*pool, tp);
  return replicas;
}

bool overlap(const Source& a, const Source& b) {
  return std::any_of(a.begin(), a.end(), [&](const GpuPool* pool) {
    return std::find(b.begin(), b.end(), pool) != b.end();
  });
}

/// Each pool, and each type that has several.
std::vector<Source> sources_of(const std::vector<const GpuPool*>& pools) {
  std::vector<Source> sources;
  for (const GpuPool* pool : pools) sources.push_back({pool});
  std::map<std::string, Source> types;
  for (const GpuPool* pool : pools) types[pool->gpu].push_back(pool);
  for (const auto& [gpu, source] : types) {
    if (source.size() > 1) sources.push_back(source);
  }
  return sources;
}

constexpr int kMostStages = 64;

}  // namespace

UniformPlans::UniformPlans(const TrainingProblem& problem, const ModelDescription& model,
                           const Plan& like, const std::vector<GpuPool>& pools)
    : problem_(problem),
      like_(like),
      pools_(pools),
      kinds_(layer_sequence(model)),
      schedule_(like.schedule) {
  if (like.pipelines.front().stages.front().chunks.size() > 1) {
    schedule_ = ScheduleKind::kOneFOneB;
  }
  blocks_ = static_cast<int>(std::count(kinds_.begin(), kinds_.end(), LayerKind::kBlock));
  // The head keeps the norm before it, if there is one.
  last_cut_ = static_cast<int>(kinds_.size()) -
              (kinds_[kinds_.size() - 2] == LayerKind::kFinalNorm ? 2 : 1);
  if (kinds_.size() != static_cast<std::size_t>(like.layer_count) ||
      problem.profile.layer_count != like.layer_count) {
    return;
  }
  find_sources();
  find_sequences();
}

void UniformPlans::find_sources() {
  std::vector<const GpuPool*> used;
  std::vector<const GpuPool*> others;
  const std::vector<GpuUse> uses = gpus_used(like_);
  for (const GpuPool& pool : pools_) {
    if (pool.count < 1) continue;
    const bool in_use = std::any_of(uses.begin(), uses.end(), [&](const GpuUse& use) {
      return use.gpu == pool.gpu && use.zone == pool.zone;
    });
    (in_use ? used : others).push_back(&pool);
  }
  sources_ = sources_of(used);
  used_sources_ = sources_.size();
  std::vector<const GpuPool*> all = used;
  all.insert(all.end(), others.begin(), others.end());
  for (Source& source : sources_of(all)) {
    if (std::find(sources_.begin(), sources_.end(), source) == sources_.end()) {
      sources_.push_back(std::move(source));
    }
  }
}

/// The stages of the plan's first pipeline where they are: each on the pool of its first replica.
UniformPlans::Sequence UniformPlans::sequence_of_plan() const {
  Sequence sequence;
  for (const Stage& stage : like_.pipelines.front().stages) {
    const Machine& machine = stage.replicas.front().machines.front();
    for (std::size_t s = 0; s < used_sources_; ++s) {
      const Source& source = sources_[s];
      if (source.size() > 1 || source.front()->gpu != machine.gpu ||
          source.front()->zone != machine.zone) {
        continue;
      }
      sequence.push_back(s);
      break;
    }
  }
  return sequence;
}

void UniformPlans::find_sequences() {
  const int most = std::min(blocks_, kMostStages);
  std::set<Sequence> seen;
  const auto add = [&](Sequence sequence) {
    if (!sequence.empty() && static_cast<int>(sequence.size()) <= most &&
        seen.insert(sequence).second) {
      sequences_.push_back(std::move(sequence));
    }
  };
  add(sequence_of_plan());
  for (std::size_t s = 0; s < sources_.size(); ++s) {
    for (int stages = 1; stages <= most; ++stages) {
      add(Sequence(static_cast<std::size_t>(stages), s));
    }
  }
  constexpr std::array<std::size_t, 6> kStages = {1, 2, 3, 4, 6, 8};
  for (std::size_t a = 0; a < used_sources_; ++a) {
    for (std::size_t b = 0; b < used_sources_; ++b) {
      if (overlap(sources_[a], sources_[b])) continue;
      for (const std::size_t first : kStages) {
        for (const std::size_t second : kStages) {
          Sequence sequence(first, a);
          sequence.insert(sequence.end(), second, b);
          add(std::move(sequence));
        }
      }
    }
  }
}

bool UniformPlans::read_times(const Sequence& sequence, int tp, int microbatch) {
  prefix_s_.clear();
  for (const std::size_t source : sequence) {
    std::vector<double>& prefix = prefix_s_[source];
    if (!prefix.empty()) continue;
    const ProfilePoint* point =
        problem_.profile.find(sources_[source].front()->gpu, tp, microbatch);
    if (point == nullptr) return false;
    prefix.push_back(0);
    for (const LayerTime& layer : point->layers) {
      prefix.push_back(prefix.back() + layer.forward_s + layer.backward_s);
    }
  }
  return true;
}

double UniformPlans::stage_s(std::size_t source, int first, int end) const {
  const std::vector<double>& prefix = prefix_s_.at(source);
  return prefix[static_cast<std::size_t>(end)] - prefix[static_cast<std::size_t>(first)];
}

/// Fills the stages one after the other; false where a stage would take longer than that.
bool UniformPlans::ends_within(const Sequence& sequence, double most_s,
                               std::vector<int>& ends) const {
  ends.clear();
  const int layers = static_cast<int>(kinds_.size());
  const int stages = static_cast<int>(sequence.size());
  int first = 0;
  for (int s = 0; s < stages; ++s) {
    const std::size_t source = sequence[static_cast<std::size_t>(s)];
    const bool last = s + 1 == stages;
    // Every stage behind it takes a layer at least, the last one norm and head.
    const int most_end = last ? layers : last_cut_ - (stages - s - 2);
    int end = first + 1;
    if (last) end = layers;
    while (!last && end < most_end && stage_s(source, first, end + 1) <= most_s) ++end;
    if (end > most_end || stage_s(source, first, end) > most_s) return false;
    ends.push_back(end);
    first = end;
  }
  return true;
}

std::vector<int> UniformPlans::balanced_ends(const Sequence& sequence) const {
  double low = 0;
  double high = 0;
  const int layers = static_cast<int>(kinds_.size());
  for (const std::size_t source : sequence) high = std::max(high, stage_s(source, 0, layers));
  std::vector<int> best;
  if (!ends_within(sequence, high, best)) return {};
  std::vector<int> ends;
  constexpr int kHalvings = 40;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = (low + high) / 2;
    if (ends_within(sequence, middle, ends)) {
      high = middle;
      best = ends;
    } else {
      low = middle;
    }
  }
  return best;
}

std::vector<int> UniformPlans::even_ends(std::size_t stages) const {
  if (blocks_ % static_cast<int>(stages) != 0) return {};
  const int each = blocks_ / static_cast<int>(stages);
  std::vector<int> ends;
  for (int s = 1; s < static_cast<int>(stages); ++s) ends.push_back(1 + s * each);
  ends.push_back(static_cast<int>(kinds_.size()));
  return ends;
}

std::vector<int> UniformPlans::replica_counts(const Sequence& sequence, int tp,
                                              int microbatch) const {
  std::map<std::size_t, int> stages;
  for (const std::size_t source : sequence) ++stages[source];
  int most = like_.global_batch / microbatch;
  for (const auto& [source, count] : stages) {
    most = std::min(most, replicas_on(sources_[source], tp) / count);
  }
  std::vector<int> out;
  constexpr std::size_t kLargest = 2;
  for (int replicas = most; replicas >= 1 && out.size() < kLargest; --replicas) {
    if (like_.global_batch % (replicas * microbatch) == 0) out.push_back(replicas);
  }
  return out;
}

double UniformPlans::least_s(const Sequence& sequence, const std::vector<int>& ends,
                             int microbatches) const {
  double slowest_s = 0;
  double all_s = 0;
  int first = 0;
  for (std::size_t s = 0; s < sequence.size(); ++s) {
    const double time_s = stage_s(sequence[s], first, ends[s]);
    slowest_s = std::max(slowest_s, time_s);
    all_s += time_s;
    first = ends[s];
  }
  // A pipeline that does whole forwards and backwards of one chunk fills and drains, too.
  const bool fills = schedule_ == ScheduleKind::kGPipe || schedule_ == ScheduleKind::kOneFOneB;
  return microbatches * slowest_s + (fills ? all_s - slowest_s : 0);
}

void UniformPlans::add_shapes(std::size_t index, int tp, int microbatch, std::vector<Shape>& out) {
  const Sequence& sequence = sequences_[index];
  const std::vector<int> counts = replica_counts(sequence, tp, microbatch);
  if (counts.empty() || !read_times(sequence, tp, microbatch)) return;
  const std::vector<int> balanced = balanced_ends(sequence);
  const std::vector<int> even = even_ends(sequence.size());
  for (const int replicas : counts) {
    const int microbatches = like_.global_batch / (replicas * microbatch);
    const auto add = [&](const std::vector<int>& ends, bool is_even) {
      out.push_back(
          {index, tp, microbatch, replicas, is_even, least_s(sequence, ends, microbatches)});
    };
    if (!balanced.empty()) add(balanced, false);
    if (!even.empty() && even != balanced) add(even, true);
  }
}

std::vector<UniformPlans::Shape> UniformPlans::shapes() {
  std::set<std::pair<int, int>> degrees;  // tensor degree, microbatch
  for (const auto& [key, point] : problem_.profile.points) {
    if (like_.global_batch % key.microbatch == 0) degrees.insert({key.tp, key.microbatch});
  }
  std::vector<Shape> out;
  for (std::size_t sequence = 0; sequence < sequences_.size(); ++sequence) {
    for (const auto& [tp, microbatch] : degrees) add_shapes(sequence, tp, microbatch, out);
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Shape& a, const Shape& b) { return a.least_s < b.least_s; });
  return out;
}

Plan UniformPlans::plan(const Shape& shape) {
  const Sequence& sequence = sequences_[shape.sequence];
  read_times(sequence, shape.tp, shape.microbatch);
  const std::vector<int> ends = shape.even ? even_ends(sequence.size()) : balanced_ends(sequence);
  Plan plan = like_;
  plan.microbatch = shape.microbatch;
  plan.split = BatchSplit::kMicrobatches;
  plan.schedule = schedule_;
  plan.pipelines.assign(1, {});
  std::map<const GpuPool*, int> taken;
  int first = 0;
  for (std::size_t s = 0; s < sequence.size(); ++s) {
    Stage& stage = plan.pipelines.front().stages.emplace_back();
    stage.chunks = {{first, ends[s]}};
    first = ends[s];
    auto pool = sources_[sequence[s]].begin();
    while (static_cast<int>(stage.replicas.size()) < shape.replicas) {
      if (taken[*pool] == replicas_on(**pool, shape.tp)) {
        ++pool;
        continue;
      }
      ++taken[*pool];
      stage.replicas.push_back({{{(*pool)->gpu, (*pool)->zone, -1, shape.tp}}, shape.tp, 0});
    }
  }
  return plan;
}

}  // namespace sextant
