#include "tests/serving/flow/lemon_flow.h"

#include <lemon/list_graph.h>
#include <lemon/preflow.h>
// After what it needs and does not include itself.
#include <lemon/edmonds_karp.h>

namespace sextant::testing {

namespace {

using Graph = lemon::ListDigraph;
using Capacities = Graph::ArcMap<double>;

template <typename Algorithm>
double value_of(int vertices, int source, int sink, const std::vector<CapacityEdge>& edges) {
  Graph graph;
  std::vector<Graph::Node> nodes;
  for (int i = 0; i < vertices; ++i) nodes.push_back(graph.addNode());
  const auto node = [&nodes](int i) { return nodes[static_cast<std::size_t>(i)]; };
  Capacities capacities(graph);
  for (const CapacityEdge& edge : edges) {
    capacities[graph.addArc(node(edge.from), node(edge.to))] = edge.capacity;
  }
  Algorithm algorithm(graph, capacities, node(source), node(sink));
  algorithm.run();
  return algorithm.flowValue();
}

}  // namespace

double lemon_preflow(int vertices, int source, int sink, const std::vector<CapacityEdge>& edges) {
  return value_of<lemon::Preflow<Graph, Capacities>>(vertices, source, sink, edges);
}

double lemon_edmonds_karp(int vertices, int source, int sink,
                          const std::vector<CapacityEdge>& edges) {
  return value_of<lemon::EdmondsKarp<Graph, Capacities>>(vertices, source, sink, edges);
}

}  // namespace sextant::testing
