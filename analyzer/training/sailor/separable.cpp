#include <algorithm>
#include <limits>
#include <optional>

#include "analyzer/training/sailor/model.h"

namespace sextant::sailor {

namespace {

/// What takes a link that nobody knows.
constexpr double kNever = std::numeric_limits<double>::infinity();

/// The published quadratics turn negative for small messages; a plan that would gain by one is no
/// answer.
double unless_hole(double seconds) {
  return seconds > 0 ? seconds : kNever;
}

class SailorCosts : public SeparableCosts {
 public:
  SailorCosts(const TrainingProblem& problem, int microbatch_size);
  Weights weights(int stage, int stages) const override { return place_weights(stage, stages); }
  double sync_s(int first, int end, int replicas, const std::vector<int>& members) const override;
  double sync_usd(int first, int end, int replicas, const std::vector<int>& members) const override;

 private:
  const GpuPool& pool(int c) const {
    return cluster_.pools[static_cast<std::size_t>(classes[static_cast<std::size_t>(c)].pool)];
  }
  void add_class(const TrainingProblem& problem, int pool_index, int tp, const ProfilePoint& point);
  void add_transfers(const Layers& layers);

  const Cluster& cluster_;
  /// By pool of sender and receiver; nothing where no link is known.
  std::vector<std::vector<std::optional<LinkModel>>> sync_links_;
};

SailorCosts::SailorCosts(const TrainingProblem& problem, int microbatch_size)
    : cluster_(problem.cluster) {
  layer_count = problem.profile.layer_count;
  settings.microbatch = microbatch_size;
  update_is_whole_step = problem.profile.update_is_whole_step;
  for (std::size_t p = 0; p < cluster_.pools.size(); ++p) {
    const GpuPool& here = cluster_.pools[p];
    for (const int tp : problem.profile.tensor_degrees(here.gpu, microbatch_size)) {
      const ProfilePoint* point = problem.profile.find(here.gpu, tp, microbatch_size);
      if (tp > here.gpus_per_node || tp > here.count || !problem.profile.memory.contains(tp))
        continue;
      add_class(problem, static_cast<int>(p), tp, *point);
    }
  }
  const Layers layers = unsharded_layers(problem.profile);
  // Bytes of weights.
  sync_prefix.push_back(0);
  for (const double bytes : layers.parameter_bytes) {
    sync_prefix.push_back(sync_prefix.back() + bytes);
  }
  add_transfers(layers);
  for (const GpuPool& from : cluster_.pools) {
    auto& row = sync_links_.emplace_back();
    for (const GpuPool& to : cluster_.pools) {
      row.push_back(cluster_.network->find({from.zone, from.gpu, 1}, {to.zone, to.gpu, 1}));
    }
  }
}

void SailorCosts::add_class(const TrainingProblem& problem, int pool_index, int tp,
                            const ProfilePoint& point) {
  const std::vector<LayerMemory>& memory = problem.profile.memory_at(tp);
  std::vector<double> compute{0};
  std::vector<double> update;
  std::vector<double> state{0};
  std::vector<double> activations{0};
  double update_sum = 0;
  for (std::size_t l = 0; l < memory.size(); ++l) {
    const LayerTime& time = point.layers[l];
    compute.push_back(compute.back() + time.forward_s + time.backward_s);
    update.push_back(update_is_whole_step ? time.update_s : update_sum);
    update_sum += time.update_s;
    state.push_back(state.back() + memory[l].parameter_bytes * state_factor(problem.job));
    activations.push_back(activations.back() +
                          memory[l].saved_activation_bytes * settings.microbatch);
  }
  update.push_back(update_sum);
  classes.push_back({pool_index, tp});
  compute_prefix_s.push_back(std::move(compute));
  update_prefix_s.push_back(std::move(update));
  fixed_bytes.push_back(allowance_bytes(tp));
  capacity_bytes.push_back(cluster_.pools[static_cast<std::size_t>(pool_index)].memory_bytes);
  state_prefix_bytes.push_back(std::move(state));
  activation_prefix_bytes.push_back(std::move(activations));
}

void SailorCosts::add_transfers(const Layers& layers) {
  const auto count = static_cast<int>(classes.size());
  for (int from = 0; from < count; ++from) {
    for (int to = 0; to < count; ++to) {
      const std::optional<LinkModel> link = cluster_.network->find(
          {pool(from).zone, pool(from).gpu, classes[static_cast<std::size_t>(from)].tp},
          {pool(to).zone, pool(to).gpu, classes[static_cast<std::size_t>(to)].tp});
      double last_bytes = -1;
      double seconds = 0;
      for (const double bytes_of_one : layers.output_bytes) {
        const double bytes = bytes_of_one * settings.microbatch;
        if (bytes != last_bytes) seconds = link ? unless_hole(link->transfer_s(bytes)) : kNever;
        last_bytes = bytes;
        // Both directions move an output of the sending stage: see the quirk in stage_cost().
        forward_s.push_back(seconds);
      }
    }
  }
  backward_s = forward_s;
  charges_transfers = !cluster_.egress_usd_per_byte.empty();
  if (!charges_transfers) return;
  for (int from = 0; from < count; ++from) {
    for (int to = 0; to < count; ++to) {
      const double usd_per_byte = cluster_.egress(pool(from).zone, pool(to).zone) +
                                  cluster_.egress(pool(to).zone, pool(from).zone);
      for (const double bytes_of_one : layers.output_bytes) {
        border_usd_by_layer.push_back(usd_per_byte * bytes_of_one * settings.microbatch);
      }
    }
  }
}

/// Gradients go round: from each class to the next, and from the last to the first.
double SailorCosts::sync_usd(int first, int end, int replicas,
                             const std::vector<int>& members) const {
  if (replicas < 2 || members.size() < 2) return 0;
  double usd_per_byte = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    usd_per_byte +=
        cluster_.egress(pool(members[i]).zone, pool(members[(i + 1) % members.size()]).zone);
  }
  const double bytes =
      sync_prefix[static_cast<std::size_t>(end)] - sync_prefix[static_cast<std::size_t>(first)];
  return usd_per_byte * bytes / replicas * 2 * (replicas - 1);
}

double SailorCosts::sync_s(int first, int end, int replicas,
                           const std::vector<int>& members) const {
  if (replicas < 2) return 0;
  int least_tp = kLargestDegreeInSync;
  for (const int c : members) {
    least_tp = std::min(least_tp, classes[static_cast<std::size_t>(c)].tp);
  }
  const double bytes =
      (sync_prefix[static_cast<std::size_t>(end)] - sync_prefix[static_cast<std::size_t>(first)]) /
      least_tp;
  const auto pool_of = [&](std::size_t i) {
    return static_cast<std::size_t>(classes[static_cast<std::size_t>(members[i])].pool);
  };
  const auto over = [&](std::size_t from, std::size_t to) {
    const std::optional<LinkModel>& link = sync_links_[pool_of(from)][pool_of(to)];
    if (!link) return kNever;
    const AllReduce ring = all_reduce(*link, bytes, replicas);
    // Each part by itself: one must not make up for the other's hole.
    if (ring.full_buckets_s < 0 || ring.last_bucket_s < 0) return kNever;
    return ring.total_s();
  };
  double slowest = members.size() == 1 ? over(0, 0) : 0;
  for (std::size_t i = 0; i + 1 < members.size(); ++i) {
    slowest = std::max(slowest, over(i, i + 1));
  }
  return slowest;
}

}  // namespace

std::unique_ptr<SeparableCosts> separable(const TrainingProblem& problem, int microbatch) {
  return std::make_unique<SailorCosts>(problem, microbatch);
}

}  // namespace sextant::sailor
