#include "analyzer/topology/step_time.h"

#include <algorithm>
#include <limits>

#include "analyzer/topology/collective_traffic.h"

namespace sextant {

namespace {

bool overlaps(TrainingLoop loop) {
  return loop == TrainingLoop::kOverlap || loop == TrainingLoop::kOverlapForwardInBackward;
}

/// The index of these shares among the communicators, which it joins if it is new.
std::size_t communicator_of(std::vector<std::vector<double>>& all,
                            const std::vector<double>& shares) {
  const auto found = std::find(all.begin(), all.end(), shares);
  if (found != all.end()) return static_cast<std::size_t>(found - all.begin());
  all.push_back(shares);
  return all.size() - 1;
}

void add_weight(StepTime::Term& term, std::size_t communicator, double weight) {
  if (term.weights_bytes.size() <= communicator) term.weights_bytes.resize(communicator + 1, 0);
  term.weights_bytes[communicator] += weight;
}

/// One term for each phase; the sum of several phases is the sum of their terms.
class StepBuilder {
 public:
  StepBuilder(const std::vector<GroupShape>& shapes, double compute_scale)
      : shapes_(shapes), compute_scale_(compute_scale) {}

  void compute(StepTime::Term& term, const LayerPhase& phase) const {
    term.constant_s += compute_scale_ * phase.compute_s;
  }
  void communicate(StepTime::Term& term, const LayerPhase& phase, double times = 1) {
    if (!phase.op || phase.bytes <= 0) return;
    const GroupShape& group = shapes_[phase.group];
    if (group_npus(group) == 1) return;
    const CollectiveTraffic traffic = collective_traffic(*phase.op, phase.bytes, group);
    add_weight(term, communicator_of(step.shares, traffic.shares), times * traffic.weight_bytes);
  }

  StepTime step;

 private:
  const std::vector<GroupShape>& shapes_;
  double compute_scale_;
};

bool is_same(const StepTime::Term& a, const StepTime::Term& b) {
  return a.constant_s == b.constant_s && a.weights_bytes == b.weights_bytes;
}

/// Equal maxima as one with a higher count: layers of a transformer repeat.
void add_maximum(std::vector<StepTime::Maximum>& maxima, StepTime::Maximum added) {
  for (StepTime::Maximum& maximum : maxima) {
    if (std::equal(maximum.terms.begin(), maximum.terms.end(), added.terms.begin(),
                   added.terms.end(), is_same)) {
      maximum.count += added.count;
      return;
    }
  }
  maxima.push_back(std::move(added));
}

void widen(StepTime& step) {
  const std::size_t communicators = step.shares.size();
  step.always.weights_bytes.resize(communicators, 0);
  for (StepTime::Maximum& maximum : step.maxima) {
    for (StepTime::Term& term : maximum.terms) term.weights_bytes.resize(communicators, 0);
  }
}

}  // namespace

double forward_communications(TrainingLoop loop) {
  const bool twice =
      loop == TrainingLoop::kForwardInBackward || loop == TrainingLoop::kOverlapForwardInBackward;
  return twice ? 2 : 1;
}

double StepTime::seconds_per_byte(std::size_t communicator,
                                  std::span<const double> bandwidth_bytes_per_s) const {
  double slowest = 0;
  for (std::size_t d = 0; d < bandwidth_bytes_per_s.size(); ++d) {
    const double share = shares[communicator][d];
    if (share > 0) slowest = std::max(slowest, share / bandwidth_bytes_per_s[d]);
  }
  return slowest;
}

double StepTime::seconds(std::span<const double> bandwidth_bytes_per_s) const {
  std::vector<double> per_byte(shares.size());
  for (std::size_t k = 0; k < shares.size(); ++k) {
    per_byte[k] = seconds_per_byte(k, bandwidth_bytes_per_s);
  }
  const auto value = [&](const Term& term) {
    double sum = term.constant_s;
    for (std::size_t k = 0; k < per_byte.size(); ++k) {
      if (term.weights_bytes[k] > 0) sum += term.weights_bytes[k] * per_byte[k];
    }
    return sum;
  };
  double total = value(always);
  for (const Maximum& maximum : maxima) {
    double largest = 0;
    for (const Term& term : maximum.terms) largest = std::max(largest, value(term));
    total += maximum.count * largest;
  }
  return total;
}

StepTime step_time(const Workload& workload, const std::vector<GroupShape>& shapes,
                   TrainingLoop loop, double compute_scale) {
  StepBuilder builder(shapes, compute_scale);
  StepTime& step = builder.step;
  for (const WorkloadLayer& layer : workload.layers) {
    const LayerPhase& forward = layer.at(TrainingPhase::kForward);
    const LayerPhase& input = layer.at(TrainingPhase::kInputGradient);
    const LayerPhase& weight = layer.at(TrainingPhase::kWeightGradient);
    builder.compute(step.always, forward);
    builder.communicate(step.always, forward, forward_communications(loop));
    builder.compute(step.always, input);
    if (!overlaps(loop)) {
      builder.communicate(step.always, input);
      builder.compute(step.always, weight);
      builder.communicate(step.always, weight);
      continue;
    }
    StepTime::Term first;
    StepTime::Term second;
    builder.communicate(first, input);
    builder.compute(second, weight);
    builder.communicate(second, weight);
    if (first.weights_bytes.empty()) {  // nothing beside the weight gradient
      builder.compute(step.always, weight);
      builder.communicate(step.always, weight);
    } else {
      add_maximum(step.maxima, {1, {std::move(first), std::move(second)}});
    }
  }
  widen(step);
  return std::move(builder.step);
}

StepTime weighted_sum(std::span<const StepTime> steps, std::span<const double> factors) {
  StepTime sum;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const StepTime& step = steps[i];
    std::vector<std::size_t> place;
    for (const std::vector<double>& shares : step.shares) {
      place.push_back(communicator_of(sum.shares, shares));
    }
    const auto add = [&](StepTime::Term& to, const StepTime::Term& term, double factor) {
      to.constant_s += factor * term.constant_s;
      for (std::size_t k = 0; k < place.size(); ++k) {
        add_weight(to, place[k], factor * term.weights_bytes[k]);
      }
    };
    add(sum.always, step.always, factors[i]);
    for (const StepTime::Maximum& maximum : step.maxima) {
      StepTime::Maximum placed;
      placed.count = factors[i] * maximum.count;
      for (const StepTime::Term& term : maximum.terms) add(placed.terms.emplace_back(), term, 1);
      sum.maxima.push_back(std::move(placed));
    }
  }
  widen(sum);
  return sum;
}

}  // namespace sextant
