#include "tests/serving/flow/lemon_flow.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "analyzer/core/random.h"
#include "analyzer/serving/flow/max_flow.h"

namespace sextant::testing {
namespace {

struct Graph {
  int vertices = 0;
  int source = 0;
  int sink = 1;
  std::vector<CapacityEdge> edges;

  MaxFlow flow() const {
    MaxFlow graph(vertices, source, sink);
    for (const CapacityEdge& edge : edges) graph.add_edge(edge.from, edge.to, edge.capacity);
    return graph;
  }
  double largest() const {
    double capacity = 0;
    for (const CapacityEdge& edge : edges) capacity = std::max(capacity, edge.capacity);
    return capacity;
  }
};

enum class Capacities { kWhole, kReal, kWide };

double draw_capacity(Capacities kind, Random& random) {
  switch (kind) {
    case Capacities::kWhole:  // many equal ones, many zeros
      return static_cast<double>(random.below(4));
    case Capacities::kReal:
      return random.uniform() * 100;
    case Capacities::kWide:  // as machines and links have them
      return std::pow(10.0, random.uniform() * 9 - 2);
  }
  return 0;
}

/// Any edges there are: parallel, back into the source, out of the sink, from a vertex to itself.
Graph draw_graph(Capacities kind, Random& random) {
  Graph graph;
  graph.vertices = 2 + static_cast<int>(random.below(20));
  const auto vertices = static_cast<std::uint64_t>(graph.vertices);
  graph.source = static_cast<int>(random.below(vertices));
  graph.sink = (graph.source + 1 + static_cast<int>(random.below(vertices - 1))) % graph.vertices;
  const std::uint64_t edges = random.below(5 * vertices);
  for (std::uint64_t e = 0; e < edges; ++e) {
    graph.edges.push_back({static_cast<int>(random.below(vertices)),
                           static_cast<int>(random.below(vertices)), draw_capacity(kind, random)});
  }
  return graph;
}

/// A placement's graph: machines as pairs of vertices, stage behind stage.
Graph draw_stages(Capacities kind, Random& random) {
  Graph graph;
  const int stages = 1 + static_cast<int>(random.below(6));
  graph.vertices = 2;
  std::vector<int> before = {graph.source};
  for (int stage = 0; stage < stages; ++stage) {
    const auto machines = 1 + random.below(4);
    std::vector<int> ends;
    for (std::uint64_t i = 0; i < machines; ++i) {
      const int in = graph.vertices;
      graph.vertices += 2;
      graph.edges.push_back({in, in + 1, draw_capacity(kind, random)});
      for (const int from : before) {
        graph.edges.push_back({from, in, draw_capacity(kind, random)});
      }
      ends.push_back(in + 1);
    }
    before = ends;
  }
  for (const int from : before) {
    graph.edges.push_back({from, graph.sink, draw_capacity(kind, random)});
  }
  return graph;
}

/// Sums of some hundred capacities are rounded.
double tolerance(const Graph& graph) {
  return 1e-12 * (1 + graph.largest()) * static_cast<double>(1 + graph.edges.size());
}

void expect_legal(const Graph& graph, MaxFlow& flow) {
  std::vector<double> surplus(static_cast<std::size_t>(graph.vertices), 0.0);
  double cut = 0;
  const std::vector<bool> source_side = flow.source_side();
  for (std::size_t e = 0; e < graph.edges.size(); ++e) {
    const CapacityEdge& edge = graph.edges[e];
    const double along = flow.flow(static_cast<int>(e));
    const auto from = static_cast<std::size_t>(edge.from);
    const auto to = static_cast<std::size_t>(edge.to);
    EXPECT_GE(along, 0);
    EXPECT_LE(along, edge.capacity);
    surplus[from] -= along;
    surplus[to] += along;
    if (source_side[from] && !source_side[to]) cut += edge.capacity;
  }
  for (int v = 0; v < graph.vertices; ++v) {
    double expected = 0;
    if (v == graph.source) expected = -flow.value();
    if (v == graph.sink) expected = flow.value();
    EXPECT_NEAR(surplus[static_cast<std::size_t>(v)], expected, tolerance(graph)) << "vertex " << v;
  }
  EXPECT_TRUE(source_side[static_cast<std::size_t>(graph.source)]);
  EXPECT_FALSE(source_side[static_cast<std::size_t>(graph.sink)]);
  EXPECT_NEAR(cut, flow.value(), tolerance(graph)) << "no cut has less than the flow";
}

double lemon_value(const Graph& graph) {
  return lemon_preflow(graph.vertices, graph.source, graph.sink, graph.edges);
}

class RandomGraphs : public ::testing::TestWithParam<Capacities> {};

TEST_P(RandomGraphs, HaveLemonsMaximumFlow) {
  Random random(1);
  for (int i = 0; i < 600; ++i) {
    SCOPED_TRACE(i);
    const Graph graph =
        i % 2 == 0 ? draw_graph(GetParam(), random) : draw_stages(GetParam(), random);
    MaxFlow flow = graph.flow();
    const double value = flow.solve();
    EXPECT_NEAR(value, lemon_value(graph), tolerance(graph));
    EXPECT_NEAR(value, lemon_edmonds_karp(graph.vertices, graph.source, graph.sink, graph.edges),
                tolerance(graph));
    EXPECT_EQ(value, flow.value());
    expect_legal(graph, flow);
    if (HasFailure()) return;
  }
}

TEST_P(RandomGraphs, KeepAMaximumFlowWhileCapacitiesChange) {
  Random random(2);
  for (int i = 0; i < 80; ++i) {
    SCOPED_TRACE(i);
    Graph graph = i % 2 == 0 ? draw_graph(GetParam(), random) : draw_stages(GetParam(), random);
    if (graph.edges.empty()) continue;
    MaxFlow flow = graph.flow();
    flow.solve();
    for (int step = 0; step < 12; ++step) {
      SCOPED_TRACE(step);
      const std::uint64_t changes = 1 + random.below(3);
      for (std::uint64_t c = 0; c < changes; ++c) {
        const auto e = static_cast<std::size_t>(random.below(graph.edges.size()));
        const double drawn = draw_capacity(GetParam(), random);
        graph.edges[e].capacity = random.below(3) == 0 ? 0 : drawn;
        flow.set_capacity(static_cast<int>(e), graph.edges[e].capacity);
        EXPECT_EQ(flow.capacity(static_cast<int>(e)), graph.edges[e].capacity);
      }
      const double value = flow.solve();
      EXPECT_NEAR(value, graph.flow().solve(), tolerance(graph));
      EXPECT_NEAR(value, lemon_value(graph), tolerance(graph));
      expect_legal(graph, flow);
      if (HasFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Each, RandomGraphs,
                         ::testing::Values(Capacities::kWhole, Capacities::kReal,
                                           Capacities::kWide));

}  // namespace
}  // namespace sextant::testing
