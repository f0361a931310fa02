#include <algorithm>
#include <limits>
#include <map>
#include <optional>

#include "analyzer/training/sextant/layer_costs.h"
#include "analyzer/training/sextant/memory.h"
#include "analyzer/training/sextant/separable_view.h"

namespace sextant {

namespace {

/// What takes a link that nobody knows.
constexpr double kNever = std::numeric_limits<double>::infinity();

/// A plan of one stage on `replicas` times `tp` GPUs of a pool, for what the parts ask of plans.
Plan one_stage_plan(const TrainingProblem& problem, const GpuPool& pool, int tp,
                    const PlanSettings& settings, LayerRange layers, std::size_t replicas = 1) {
  Plan plan;
  plan.model = problem.profile.model;
  plan.layer_count = problem.profile.layer_count;
  plan.global_batch = problem.job.global_batch;
  plan.microbatch = settings.microbatch;
  plan.schedule = settings.schedule;
  plan.zero_stage = settings.zero_stage;
  plan.recompute = settings.recompute || problem.profile.recompute;
  plan.sequence_parallel = problem.profile.sequence_parallel;
  const Replica replica{{{pool.gpu, pool.zone, -1, tp}}, tp, 0};
  plan.pipelines = {{{{{layers}, std::vector<Replica>(replicas, replica)}}}};
  return plan;
}

class SextantCosts : public SeparableCosts {
 public:
  SextantCosts(const TrainingProblem& problem, const PlanSettings& plan_settings);

  /// A send stops its sender, or is hidden half: the cycle of two neighbouring stages has two
  /// microbatches in it.
  Weights weights(int stage, int stages) const override {
    const double share = framework_.sends == Framework::Sends::kBlocking ? 1 : 0.5;
    return {stage + 1 < stages ? share : 0, stage > 0 ? share : 0};
  }
  double sync_s(int first, int end, int replicas, const std::vector<int>& members) const override;

 private:
  void add_class(int pool_index, int tp);
  void add_memory(const GpuPool& pool, int tp);
  void add_transfers();
  PlacedReplica placed(int pool_index, int tp) const;
  const PlacedReplica& of_class(int c) const { return placed_[static_cast<std::size_t>(c)]; }

  TrainingProblem problem_;
  const Framework& framework_;
  Traffic traffic_;
  std::vector<PlacedReplica> placed_;
  std::vector<std::vector<double>> gradient_prefix_bytes_;
  std::vector<double> output_bytes_;  ///< by layer
};

SextantCosts::SextantCosts(const TrainingProblem& problem, const PlanSettings& plan_settings)
    : problem_(problem),
      framework_(framework_named(problem.job.framework)),
      traffic_(*problem.cluster.network, framework_, problem_.calibration, 0) {
  layer_count = problem.profile.layer_count;
  settings = plan_settings;
  exact = false;
  for (std::size_t p = 0; p < problem.cluster.pools.size(); ++p) {
    const GpuPool& pool = problem.cluster.pools[p];
    for (const int tp : problem.profile.tensor_degrees(pool.gpu, settings.microbatch)) {
      if (tp > pool.gpus_per_node || tp > pool.count || !problem.profile.memory.contains(tp)) {
        continue;
      }
      add_class(static_cast<int>(p), tp);
    }
  }
  add_transfers();
  // Layers whose gradients are alike on every class synchronise alike.
  sync_prefix.assign(static_cast<std::size_t>(layer_count) + 1, 0);
  for (const std::vector<double>& prefix : gradient_prefix_bytes_) {
    for (std::size_t l = 0; l < prefix.size(); ++l) sync_prefix[l] += prefix[l];
  }
}

PlacedReplica SextantCosts::placed(int pool_index, int tp) const {
  const GpuPool& pool = problem_.cluster.pools[static_cast<std::size_t>(pool_index)];
  PlacedReplica out;
  out.gpu = pool.gpu;
  out.zone = pool.zone;
  out.pool = &pool;
  out.tp = tp;
  out.gpus_on_node = tp;
  out.node = static_cast<int>(placed_.size());
  out.neighbours = std::max(1, pool.gpus_per_node / tp);
  return out;
}

void SextantCosts::add_class(int pool_index, int tp) {
  const PlacedReplica replica = placed(pool_index, tp);
  const Plan plan =
      one_stage_plan(problem_, *replica.pool, tp, settings, {0, problem_.profile.layer_count});
  const LayerCosts cost = LayerCostTable(problem_, plan, traffic_, Percentile::kMedian).of(replica);
  classes.push_back({pool_index, tp});
  placed_.push_back(replica);
  std::vector<double> compute = cost.forward_s;
  for (std::size_t l = 0; l < compute.size(); ++l) compute[l] += cost.backward_s[l];
  compute_prefix_s.push_back(std::move(compute));
  update_prefix_s.push_back(cost.update_s);
  gradient_prefix_bytes_.push_back(cost.gradient_bytes);
  output_bytes_ = cost.output_bytes;
  add_memory(*replica.pool, tp);
}

/// The bound of a block by itself tells what a stage needs beside its state and activations; two
/// replicas of it tell what they share.
void SextantCosts::add_memory(const GpuPool& pool, int tp) {
  const int middle = std::min(1, layer_count - 1);
  const auto memory_of = [&](std::size_t replicas) {
    const Plan block = one_stage_plan(problem_, pool, tp, settings, {middle, middle + 1}, replicas);
    return rank_memory({problem_, block, 0, 0, 0, 1, 0});
  };
  const RankMemory memory = memory_of(1);
  const std::vector<LayerMemory>& layers = problem_.profile.memory_at(tp);
  const auto at = static_cast<std::size_t>(middle);
  const double state_of_block = memory.static_bytes - problem_.calibration.process_bytes;
  const double shared_of_block =
      settings.zero_stage > 0 ? 2 * (memory.static_bytes - memory_of(2).static_bytes) : 0;
  const double parameters = std::max(1.0, layers[at].parameter_bytes);
  const double held = memory.chunks.front().held_bytes;
  const double kept = held / std::max(1.0, layers[at].saved_activation_bytes * settings.microbatch);
  std::vector<double> state{0};
  std::vector<double> shared{0};
  std::vector<double> activations{0};
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const double weights = layers[l].parameter_bytes / parameters;
    state.push_back(state.back() + weights * (state_of_block - shared_of_block));
    shared.push_back(shared.back() + weights * shared_of_block);
    // Recomputation is of blocks.
    const bool is_end = l == 0 || l + 1 == layers.size();
    const double saved = layers[l].saved_activation_bytes * settings.microbatch;
    activations.push_back(activations.back() + saved * (is_end ? 1 : std::min(1.0, kept)));
  }
  fixed_bytes.push_back(std::max(0.0, memory.bound_bytes - state_of_block - held));
  capacity_bytes.push_back(pool.memory_bytes);
  state_prefix_bytes.push_back(std::move(state));
  if (settings.zero_stage > 0) sharded_prefix_bytes.push_back(std::move(shared));
  activation_prefix_bytes.push_back(std::move(activations));
}

void SextantCosts::add_transfers() {
  const auto count = static_cast<int>(classes.size());
  for (int from = 0; from < count; ++from) {
    for (int to = 0; to < count; ++to) {
      PlacedReplica other = of_class(to);
      const bool one_node = of_class(from).pool == other.pool && other.pool->node_count() == 1;
      if (one_node) {
        other.node = of_class(from).node;
      } else if (from == to) {
        other.node = -1;
      }
      const Network& network = *problem_.cluster.network;
      const bool known = one_node ? network.inside_node(other.gpu, 2).has_value()
                                  : network
                                        .find({of_class(from).zone, of_class(from).gpu, 1},
                                              {other.zone, other.gpu, 1})
                                        .has_value();
      double last_bytes = -1;
      double seconds = 0;
      for (int l = 0; l < layer_count; ++l) {
        const double bytes = output_bytes_[static_cast<std::size_t>(l)];
        if (bytes != last_bytes) {
          seconds = known ? traffic_.message_s(of_class(from), other, bytes) : kNever;
        }
        last_bytes = bytes;
        forward_s.push_back(seconds);
      }
    }
  }
  // The gradient that goes back is as large as what came: the output of the layer before.
  backward_s = forward_s;
  for (int from = 0; from < count; ++from) {
    for (int to = 0; to < count; ++to) {
      for (int l = layer_count - 1; l > 0; --l) {
        backward_s[transfer_index(from, to, l)] = forward_s[transfer_index(from, to, l - 1)];
      }
    }
  }
}

double SextantCosts::sync_s(int first, int end, int replicas,
                            const std::vector<int>& members) const {
  if (replicas < 2) return 0;
  Rings rings;
  double bytes = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const auto c = static_cast<std::size_t>(members[i]);
    const PlacedReplica& member = placed_[c];
    const std::vector<double>& prefix = gradient_prefix_bytes_[c];
    bytes = std::max(
        bytes, prefix[static_cast<std::size_t>(end)] - prefix[static_cast<std::size_t>(first)]);
    rings.on_node = std::max(rings.on_node, std::min(member.neighbours, replicas));
    rings.kinds.push_back(&member);
    rings.crossings.emplace_back(&member, &member);
    if (i > 0)
      rings.crossings.emplace_back(&placed_[static_cast<std::size_t>(members[i - 1])], &member);
  }
  rings.nodes = (replicas + rings.on_node - 1) / rings.on_node;
  for (const auto& [from, to] : rings.crossings) {
    if (rings.nodes == 1) break;  // nothing leaves the node
    if (!problem_.cluster.network->find({from->zone, from->gpu, 1}, {to->zone, to->gpu, 1})) {
      return kNever;
    }
  }
  return traffic_.rings_s(rings, bytes);
}

}  // namespace

std::unique_ptr<SeparableCosts> sextant_separable(const TrainingProblem& problem,
                                                  const PlanSettings& settings) {
  return std::make_unique<SextantCosts>(problem, settings);
}

}  // namespace sextant
