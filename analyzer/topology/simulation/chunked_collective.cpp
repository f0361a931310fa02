#include "analyzer/topology/simulation/chunked_collective.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/topology/simulation/dimension_phase.h"

namespace sextant {

namespace {

using DimensionOrder = std::vector<std::size_t>;

/// The way of one chunk.
struct Way {
  std::vector<ChunkVisit> visits;
  std::vector<double> sent_bytes;  ///< by dimension
};

class WayBuilder {
 public:
  WayBuilder(const GroupShape& group, const SimulatedNetwork& network)
      : group_(group), network_(network) {
    way_.sent_bytes.assign(group.size(), 0);
  }

  void visit(CommunicationOp op, std::size_t d, double bytes) {
    const DimensionPhase phase =
        dimension_phase(op, network_.dimensions[d], group_[d], bytes, network_.endpoint_delay_s);
    if (!(phase.ns < kMostSimulatedNs)) {
      throw_bad_input(
          fmt::format("{} of chunks of {} bytes takes dimension {} longer than 30 years",
                      to_string(op), bytes, d));
    }
    way_.visits.push_back({d, phase.ns});
    way_.sent_bytes[d] += phase.sent_bytes;
  }

  /// In the first `count` dimensions of `order`; returns the chunk's size afterwards.
  double scatter(const DimensionOrder& order, std::size_t count, double bytes) {
    for (std::size_t i = 0; i < count; ++i) {
      visit(CommunicationOp::kReduceScatter, order[i], bytes);
      bytes = std::floor(bytes / group_[order[i]]);
    }
    return bytes;
  }
  /// The same the other way round, to the first.
  void gather(const DimensionOrder& order, std::size_t count, double bytes) {
    for (std::size_t i = count; i-- > 0;) {
      visit(CommunicationOp::kAllGather, order[i], bytes);
      bytes *= group_[order[i]];
    }
  }

  Way take() { return std::move(way_); }

 private:
  const GroupShape& group_;
  const SimulatedNetwork& network_;
  Way way_;
};

Way way_through(const DimensionOrder& order, CommunicationOp op, double bytes,
                const GroupShape& group, const SimulatedNetwork& network) {
  WayBuilder way(group, network);
  switch (op) {
    case CommunicationOp::kAllReduce: {
      const std::size_t last = order.size() - 1;
      const double shard = way.scatter(order, last, bytes);
      way.visit(op, order[last], shard);
      way.gather(order, last, shard);
      break;
    }
    case CommunicationOp::kReduceScatter:
      way.scatter(order, order.size(), bytes);
      break;
    case CommunicationOp::kAllGather:
      way.gather(order, order.size(), bytes);
      break;
    case CommunicationOp::kAllToAll:
    case CommunicationOp::kSendRecv:
      for (const std::size_t d : order) way.visit(op, d, bytes);
      break;
    default:
      throw Error(ErrorCode::kInternal, "an operation that no training phase has");
  }
  return way.take();
}

/// How long each dimension has been kept busy.
using Loads = std::vector<double>;

Loads with(Loads loads, const Way& way) {
  for (const ChunkVisit& visit : way.visits) loads[visit.dimension] += visit.ns;
  return loads;
}

double highest(const Loads& loads) {
  return *std::max_element(loads.begin(), loads.end());
}

/// All chunks one way.
void add_uniform(ChunkedCollective& collective, const Way& way) {
  collective.visits = way.visits;
  for (std::size_t d = 0; d < way.sent_bytes.size(); ++d) {
    collective.sent_bytes[d] = static_cast<double>(collective.chunks) * way.sent_bytes[d];
  }
}

/// Each chunk its own way; `way_of` makes it from an order of dimensions.
void add_balanced(ChunkedCollective& collective, const DimensionOrder& ascending,
                  const Way& ascending_way, const auto& way_of) {
  Loads loads(collective.sent_bytes.size(), 0);
  for (std::size_t chunk = 0; chunk < collective.chunks; ++chunk) {
    DimensionOrder order = ascending;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return loads[a] < loads[b]; });
    Way way = way_of(order);
    Loads after = with(loads, way);
    if (Loads otherwise = with(loads, ascending_way); highest(otherwise) <= highest(after)) {
      way = ascending_way;
      after = std::move(otherwise);
    }
    loads = std::move(after);
    collective.visits.insert(collective.visits.end(), way.visits.begin(), way.visits.end());
    for (std::size_t d = 0; d < loads.size(); ++d) collective.sent_bytes[d] += way.sent_bytes[d];
  }
}

}  // namespace

ChunkedCollective chunk_collective(CommunicationOp op, double bytes, const GroupShape& group,
                                   const SimulatedNetwork& network, ChunkRoute route) {
  ChunkedCollective collective;
  collective.sent_bytes.assign(group.size(), 0);
  DimensionOrder ascending;
  for (std::size_t d = 0; d < group.size(); ++d) {
    if (group[d] > 1) ascending.push_back(d);
  }
  if (ascending.empty() || !(bytes >= 1)) return collective;

  const double chunks = std::min<double>(network.chunks, std::floor(bytes));
  const double chunk_bytes = std::ceil(std::floor(bytes) / chunks);
  const auto way_of = [&](const DimensionOrder& order) {
    return way_through(order, op, chunk_bytes, group, network);
  };
  const Way way = way_of(ascending);
  collective.chunks = static_cast<std::size_t>(chunks);
  collective.visits_per_chunk = way.visits.size();
  const bool shrinks = op != CommunicationOp::kAllToAll && op != CommunicationOp::kSendRecv;
  if (route == ChunkRoute::kBalanced && shrinks) {
    add_balanced(collective, ascending, way, way_of);
  } else {
    add_uniform(collective, way);
  }
  return collective;
}

}  // namespace sextant
