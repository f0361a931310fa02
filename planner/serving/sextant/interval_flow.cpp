#include "planner/serving/sextant/interval_flow.h"

#include <algorithm>
#include <limits>

namespace sextant {
namespace {

constexpr int kNone = -1;
constexpr int kSource = 0;
constexpr int kSink = 1;
/// What is left of a capacity below this share of the bound is rounding.
constexpr double kNegligible = 1e-13;

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}
int entry(int machine) {
  return 2 + 2 * machine;
}
int leave(int machine) {
  return 3 + 2 * machine;
}

}  // namespace

IntervalFlow::IntervalFlow(const SearchInstance& instance)
    : instance_(instance),
      first_machine_(at(instance.layers + 1), kNone),
      next_machine_(at(instance.machines), kNone) {}

void IntervalFlow::start(int vertices) {
  head_.assign(at(vertices), kNone);
  level_.resize(at(vertices));
  current_.resize(at(vertices));
  next_.clear();
  to_.clear();
  residual_.clear();
}

void IntervalFlow::add_edge(int from, int to, double capacity) {
  const int arc = static_cast<int>(to_.size());
  to_.push_back(to);
  residual_.push_back(capacity);
  next_.push_back(head_[at(from)]);
  head_[at(from)] = arc;
  to_.push_back(from);
  residual_.push_back(0);
  next_.push_back(head_[at(to)]);
  head_[at(to)] = arc + 1;
}

bool IntervalFlow::label() {
  const double least = kNegligible * instance_.bound;
  std::fill(level_.begin(), level_.end(), kNone);
  queue_.clear();
  queue_.push_back(kSource);
  level_[kSource] = 0;
  for (std::size_t i = 0; i < queue_.size(); ++i) {
    const int vertex = queue_[i];
    for (int arc = head_[at(vertex)]; arc != kNone; arc = next_[at(arc)]) {
      const int to = to_[at(arc)];
      if (level_[at(to)] != kNone || residual_[at(arc)] <= least) continue;
      level_[at(to)] = level_[at(vertex)] + 1;
      if (to == kSink) return true;
      queue_.push_back(to);
    }
  }
  return false;
}

double IntervalFlow::push(int vertex, double limit) {
  if (vertex == kSink) return limit;
  const double least = kNegligible * instance_.bound;
  double pushed = 0;
  for (int& arc = current_[at(vertex)]; arc != kNone; arc = next_[at(arc)]) {
    const int to = to_[at(arc)];
    if (level_[at(to)] != level_[at(vertex)] + 1 || residual_[at(arc)] <= least) continue;
    const double more = push(to, std::min(limit - pushed, residual_[at(arc)]));
    residual_[at(arc)] -= more;
    residual_[at(arc ^ 1)] += more;
    pushed += more;
    if (limit - pushed <= least) return pushed;
  }
  return pushed;
}

double IntervalFlow::flow(const Placement& placement) {
  start(2 + 2 * instance_.machines);
  std::fill(first_machine_.begin(), first_machine_.end(), kNone);
  for (int i = instance_.machines - 1; i >= 0; --i) {
    if (placement[at(i)].empty()) continue;
    int& first = first_machine_[at(placement[at(i)].first)];
    next_machine_[at(i)] = first;
    first = i;
  }
  for (int i = 0; i < instance_.machines; ++i) {
    const LayerInterval& held = placement[at(i)];
    if (held.empty()) continue;
    const double capacity = instance_.node_capacity(i, held.layers());
    add_edge(entry(i), leave(i), capacity);
    if (held.first == 0) add_edge(kSource, entry(i), instance_.from_coordinator[at(i)]);
    if (held.end == instance_.layers) {
      add_edge(leave(i), kSink, instance_.to_coordinator[at(i)]);
      continue;
    }
    for (int j = first_machine_[at(held.end)]; j != kNone; j = next_machine_[at(j)]) {
      const double link = instance_.link_capacity(i, j);
      if (link > 0) add_edge(leave(i), entry(j), link);
    }
  }
  double total = 0;
  while (label()) {
    std::copy(head_.begin(), head_.end(), current_.begin());
    const double more = push(kSource, std::numeric_limits<double>::infinity());
    if (more <= 0) break;
    total += more;
  }
  return total;
}

}  // namespace sextant
