#pragma once

#include <cstddef>
#include <vector>

#include "analyzer/plan/plan.h"

namespace sextant {

/// What is fixed for a plan as a whole before its stages are.
struct PlanSettings {
  int microbatch = 1;
  ScheduleKind schedule = ScheduleKind::kOneFOneB;
  int zero_stage = 0;
  bool recompute = false;
  bool operator==(const PlanSettings&) const = default;
};

/// A kind of replica: `tp` GPUs of one node of one pool of the cluster.
struct ReplicaClass {
  int pool = 0;
  int tp = 1;
};

/// Iteration time as a function of separate stages, for pipelines in which every stage has D
/// replicas, each of one ReplicaClass, and all take the same number M of microbatches:
///
///   T = (M-1) * max_s (c_s + p_s)  +  sum_s (c_s + p_s)  +  max_s u_s  +  max_s sync_s
///
/// c_s is the largest compute time of the stage's replicas. p_s weighs the largest transfer to the
/// next and the previous stage: p_s = forward_weight * A_s + backward_weight * G_s, with the
/// weights of its place in the pipeline. Layers are 0 … layer_count-1, stages half-open intervals
/// of them.
class SeparableCosts {
 public:
  virtual ~SeparableCosts() = default;

  int layer_count = 0;
  PlanSettings settings;
  /// Whether predict() gives what the formula gives. Where it does not, the formula ranks plans
  /// nearly as predict() does, and a bound must rest on what holds for both: no plan, whatever its
  /// replicas and their shares are, takes less than M * max_s c_s with transfers and
  /// synchronisation left out, nor a GPU less for a microbatch than c_s.
  bool exact = true;
  std::vector<ReplicaClass> classes;

  /// compute_prefix_s[c][l]: compute time of layers [0, l) on one replica of class c.
  std::vector<std::vector<double>> compute_prefix_s;
  /// update_prefix_s[c][l]: optimizer step of layers [0, l); where update_is_whole_step, instead
  /// the whole step as the profile has it for layer l.
  std::vector<std::vector<double>> update_prefix_s;
  bool update_is_whole_step = false;

  /// A GPU of class c in a stage of layers [first, end) with k stages behind it and D replicas
  /// needs fixed_bytes[c] + state(first, end) + sharded(first, end) / D
  /// + (k + 1) * activations(first, end), all by prefix sums.
  std::vector<double> fixed_bytes;
  std::vector<double> capacity_bytes;
  std::vector<std::vector<double>> state_prefix_bytes;
  /// State that ZeRO divides among replicas; empty where there is none.
  std::vector<std::vector<double>> sharded_prefix_bytes;
  std::vector<std::vector<double>> activation_prefix_bytes;

  /// forward_s[transfer_index(from, to, l)]: seconds to send the output of layer l, the
  /// last of its stage, from a replica of class `from` to one of class `to`; infinity where no
  /// link is known.
  std::vector<double> forward_s;
  /// The same for the gradient that a stage whose first layer is l sends back.
  std::vector<double> backward_s;

  /// Whether USD are asked for traffic between zones; border_usd[transfer_index(from, to, l)] is
  /// then what one microbatch of one replica costs over the border after layer l, both ways.
  bool charges_transfers = false;
  std::vector<double> border_usd_by_layer;

  struct Weights {
    double forward = 1;
    double backward = 1;
  };
  /// Weights of p_s for stage s of `stages`.
  virtual Weights weights(int stage, int stages) const = 0;

  /// Synchronisation of a stage of layers [first, end) with `replicas` replicas that belong to the
  /// classes `members`, in order of their replicas; a class that has several stands twice, one
  /// after the other. Infinity where a link is not known.
  virtual double sync_s(int first, int end, int replicas,
                        const std::vector<int>& members) const = 0;

  /// Stages whose first and last layers have the same difference here synchronise alike; empty
  /// where the view does not say.
  std::vector<double> sync_prefix;

  /// USD an iteration that the synchronisation of such a stage costs for traffic between zones,
  /// with any number of its replicas in each class.
  virtual double sync_usd(int, int, int, const std::vector<int>&) const { return 0; }

  /// Whether a stage of so many replicas fits the memory of class c.
  bool fits(int c, int first, int end, int stages_behind, int replicas) const {
    const auto i = static_cast<std::size_t>(c);
    const auto a = static_cast<std::size_t>(first);
    const auto b = static_cast<std::size_t>(end);
    double state = state_prefix_bytes[i][b] - state_prefix_bytes[i][a];
    if (!sharded_prefix_bytes.empty()) {
      state += (sharded_prefix_bytes[i][b] - sharded_prefix_bytes[i][a]) / replicas;
    }
    const double saved = activation_prefix_bytes[i][b] - activation_prefix_bytes[i][a];
    return fixed_bytes[i] + state + (stages_behind + 1) * saved <= capacity_bytes[i];
  }
  double compute(int c, int first, int end) const {
    const auto& prefix = compute_prefix_s[static_cast<std::size_t>(c)];
    return prefix[static_cast<std::size_t>(end)] - prefix[static_cast<std::size_t>(first)];
  }
  double update(int c, int first, int end) const {
    const auto& prefix = update_prefix_s[static_cast<std::size_t>(c)];
    const double from = prefix[static_cast<std::size_t>(first)];
    return update_is_whole_step ? from : prefix[static_cast<std::size_t>(end)] - from;
  }
  double forward(int from, int to, int last_layer) const {
    return forward_s[transfer_index(from, to, last_layer)];
  }
  double backward(int from, int to, int first_layer) const {
    return backward_s[transfer_index(from, to, first_layer)];
  }
  double border_usd(int from, int to, int last_layer) const {
    return border_usd_by_layer[transfer_index(from, to, last_layer)];
  }
  std::size_t transfer_index(int from, int to, int layer) const {
    const auto pair =
        static_cast<std::size_t>(from) * classes.size() + static_cast<std::size_t>(to);
    return pair * static_cast<std::size_t>(layer_count) + static_cast<std::size_t>(layer);
  }
};

}  // namespace sextant
