#include "analyzer/serving/flow/max_flow.h"

#include <algorithm>

namespace sextant {

MaxFlow::MaxFlow(int vertices, int source, int sink)
    : source_(source),
      sink_(sink),
      arcs_(static_cast<std::size_t>(vertices)),
      level_(static_cast<std::size_t>(vertices)),
      next_(static_cast<std::size_t>(vertices)) {}

int MaxFlow::add_edge(int from, int to, double capacity) {
  const int edge = static_cast<int>(edges_.size());
  edges_.push_back({from, to, capacity, 0});
  arcs_[static_cast<std::size_t>(from)].push_back(2 * edge);
  arcs_[static_cast<std::size_t>(to)].push_back(2 * edge + 1);
  return edge;
}

void MaxFlow::set_capacity(int edge, double capacity) {
  Edge& changed = edges_[static_cast<std::size_t>(edge)];
  changed.capacity = capacity;
  const double excess = changed.flow - capacity;
  if (excess <= 0) return;
  changed.flow = capacity;
  const double lost = excess - send(changed.from, changed.to, excess);
  if (lost <= 0) return;
  if (changed.from != source_) send(changed.from, source_, lost);
  if (changed.to != sink_) send(sink_, changed.to, lost);
  value_ -= lost;
}

double MaxFlow::solve() {
  value_ += send(source_, sink_, kNoLimit);
  return value_;
}

std::vector<bool> MaxFlow::source_side() {
  label(source_, -1);
  std::vector<bool> reached(level_.size());
  std::transform(level_.begin(), level_.end(), reached.begin(),
                 [](int level) { return level >= 0; });
  return reached;
}

double MaxFlow::residual(int arc) const {
  const Edge& edge = edges_[static_cast<std::size_t>(arc / 2)];
  return arc % 2 == 0 ? edge.capacity - edge.flow : edge.flow;
}

int MaxFlow::head(int arc) const {
  const Edge& edge = edges_[static_cast<std::size_t>(arc / 2)];
  return arc % 2 == 0 ? edge.to : edge.from;
}

// An arc whose whole residual is used gets none that rounding would leave: else the search would go
// on for ever along such crumbs.
void MaxFlow::add_flow(int arc, double amount) {
  Edge& edge = edges_[static_cast<std::size_t>(arc / 2)];
  const bool whole = amount == residual(arc);
  if (arc % 2 == 0) {
    edge.flow = whole ? edge.capacity : edge.flow + amount;
  } else {
    edge.flow = whole ? 0 : edge.flow - amount;
  }
}

/// Levels by breadth-first search; whether `to` is reached (-1: no vertex is aimed at).
bool MaxFlow::label(int from, int to) {
  std::fill(level_.begin(), level_.end(), -1);
  level_[static_cast<std::size_t>(from)] = 0;
  queue_.assign(1, from);
  for (std::size_t i = 0; i < queue_.size(); ++i) {
    const auto vertex = static_cast<std::size_t>(queue_[i]);
    for (const int arc : arcs_[vertex]) {
      const auto next = static_cast<std::size_t>(head(arc));
      if (level_[next] >= 0 || residual(arc) <= 0) continue;
      level_[next] = level_[vertex] + 1;
      if (head(arc) == to) return true;
      queue_.push_back(head(arc));
    }
  }
  return false;
}

double MaxFlow::push(int vertex, int to, double limit) {
  if (vertex == to) return limit;
  const auto v = static_cast<std::size_t>(vertex);
  double pushed = 0;
  for (; next_[v] < arcs_[v].size(); ++next_[v]) {
    const int arc = arcs_[v][next_[v]];
    const double room = residual(arc);
    if (room <= 0 || level_[static_cast<std::size_t>(head(arc))] != level_[v] + 1) continue;
    const double amount = push(head(arc), to, std::min(limit - pushed, room));
    if (amount <= 0) continue;
    add_flow(arc, amount);
    pushed += amount;
    if (pushed >= limit) return limit;
  }
  return pushed;
}

double MaxFlow::send(int from, int to, double limit) {
  double sent = 0;
  while (sent < limit && label(from, to)) {
    std::fill(next_.begin(), next_.end(), 0);
    const double amount = push(from, to, limit - sent);
    if (amount <= 0) break;
    sent += amount;
  }
  return std::min(sent, limit);
}

}  // namespace sextant
