#include "planner/training/sextant/relaxation.h"

#include <algorithm>
#include <limits>

#include "planner/training/sextant/index.h"

namespace sextant::search {

namespace {

constexpr double kSecondsPerHour = 3600;

}  // namespace

Relaxation::Relaxation(const SeparableCosts& costs, const Cluster& cluster,
                       const std::vector<std::string>& types, int most_replicas)
    : costs_(costs), layers_(costs.layer_count) {
  add_options(cluster, types);
  add_memory(most_replicas);
  add_work(static_cast<int>(types.size()));
}

void Relaxation::add_options(const Cluster& cluster, const std::vector<std::string>& types) {
  for (std::size_t type = 0; type < types.size(); ++type) {
    std::vector<int> degrees;
    for (const ReplicaClass& here : costs_.classes) {
      if (cluster.pools[index(here.pool)].gpu == types[type]) degrees.push_back(here.tp);
    }
    std::sort(degrees.begin(), degrees.end());
    degrees.erase(std::unique(degrees.begin(), degrees.end()), degrees.end());
    for (const int tp : degrees) {
      std::vector<int> classes;
      double usd_per_hour = kNever;
      for (std::size_t c = 0; c < costs_.classes.size(); ++c) {
        const GpuPool& pool = cluster.pools[index(costs_.classes[c].pool)];
        if (pool.gpu != types[type] || costs_.classes[c].tp != tp) continue;
        classes.push_back(static_cast<int>(c));
        usd_per_hour = std::min(usd_per_hour, pool.usd_per_hour);
      }
      options_.push_back({static_cast<int>(type), tp, tp * usd_per_hour / kSecondsPerHour});
      classes_.push_back(std::move(classes));
    }
  }
  // Weights of a first stage differ with the length of the pipeline.
  double first_weight = kNever;
  for (int stages = 2; stages <= std::max(2, layers_); ++stages) {
    first_weight = std::min(first_weight, costs_.weights(0, stages).forward);
  }
  const SeparableCosts::Weights middle = costs_.weights(1, 3);
  const double last_weight = costs_.weights(1, 2).backward;
  const int class_count = static_cast<int>(costs_.classes.size());
  least_backward_s = kNever;
  for (const std::vector<int>& classes : classes_) {
    double forward = kNever;
    double backward = kNever;
    std::vector<double>& prefix = compute_prefix_s_.emplace_back(1, 0.0);
    for (int l = 0; l < layers_; ++l) {
      double compute = kNever;
      for (const int c : classes) {
        compute = std::min(compute, costs_.compute(c, l, l + 1));
        for (int to = 0; to < class_count; ++to) {
          forward = std::min(forward, costs_.forward(c, to, l));
          backward = std::min(backward, costs_.backward(c, to, l));
        }
      }
      prefix.push_back(prefix.back() + compute);
    }
    least_forward_s_.push_back(first_weight * forward);
    middle_forward_s_.push_back(middle.forward * forward);
    backward_s_.push_back(middle.backward * backward);
    last_backward_s_.push_back(last_weight * backward);
    least_backward_s = std::min(least_backward_s, backward);
  }
}

double Relaxation::transfer_s(int option, int first, int end) const {
  const std::size_t o = index(option);
  if (end == layers_) return first == 0 ? 0 : last_backward_s_[o];
  return first == 0 ? least_forward_s_[o] : middle_forward_s_[o] + backward_s_[o];
}

int Relaxation::option_of(int type, int tp) const {
  for (std::size_t o = 0; o < options_.size(); ++o) {
    if (options_[o].type == type && options_[o].tp == tp) return static_cast<int>(o);
  }
  return -1;
}

void Relaxation::add_memory(int most_replicas) {
  for (const std::vector<int>& classes : classes_) {
    const auto fits = [&](int first, int end, int behind) {
      return std::any_of(classes.begin(), classes.end(),
                         [&](int c) { return costs_.fits(c, first, end, behind, most_replicas); });
    };
    for (int end = 0; end <= layers_; ++end) {
      int first = 0;
      for (int behind = 0; behind < layers_; ++behind) {
        while (first < end && !fits(first, end, behind)) ++first;
        earliest_first_.push_back(first);
      }
    }
  }
}

void Relaxation::add_work(int types) {
  // gpu_seconds(type, l) = least over degrees of tp * time: what layer l takes of that type.
  const auto gpu_seconds = [&](int type, int l) {
    double least = kNever;
    for (std::size_t o = 0; o < options_.size(); ++o) {
      if (options_[o].type == type) {
        least = std::min(least, options_[o].tp * compute(static_cast<int>(o), l, l + 1));
      }
    }
    return least;
  };
  // Any speeds give a valid bound; the ratio on the whole model gives a tight one.
  std::vector<double> whole(index(types), 0);
  for (int type = 0; type < types; ++type) {
    for (int l = 0; l < layers_; ++l) whole[index(type)] += gpu_seconds(type, l);
  }
  const double fastest = whole.empty() ? 0 : *std::min_element(whole.begin(), whole.end());
  for (const double seconds : whole) speed.push_back(fastest / seconds);
  std::vector<double> usd_per_gpu_second(index(types), kNever);
  for (const Option& option : options_) {
    double& usd = usd_per_gpu_second[index(option.type)];
    usd = std::min(usd, option.usd_per_s / option.tp);
  }
  work_prefix_s.push_back(0);
  least_usd_prefix.push_back(0);
  least_compute_prefix_s.push_back(0);
  for (int l = 0; l < layers_; ++l) {
    double work = kNever;
    double usd = kNever;
    for (int type = 0; type < types; ++type) {
      if (!(speed[index(type)] > 0)) continue;
      work = std::min(work, speed[index(type)] * gpu_seconds(type, l));
      usd = std::min(usd, gpu_seconds(type, l) * usd_per_gpu_second[index(type)]);
    }
    double least = kNever;
    for (std::size_t o = 0; o < options_.size(); ++o) {
      least = std::min(least, compute(static_cast<int>(o), l, l + 1));
    }
    work_prefix_s.push_back(work_prefix_s.back() + work);
    least_usd_prefix.push_back(least_usd_prefix.back() + usd);
    least_compute_prefix_s.push_back(least_compute_prefix_s.back() + least);
  }
}

}  // namespace sextant::search
