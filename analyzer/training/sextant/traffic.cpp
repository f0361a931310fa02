#include "analyzer/training/sextant/traffic.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/network/collective_cost.h"
#include "analyzer/network/communication_op.h"
#include "analyzer/network/link_level.h"

namespace sextant {

namespace {

/// Those that have one message to send for each receiver's rank.
int lanes_between(const PlacedReplica& from, const PlacedReplica& to) {
  return std::min(from.tp, to.tp);
}

CommunicationOp operation_of(const TensorCollective& collective) {
  return communication_op_from(collective.operation);
}

}  // namespace

double Traffic::on_link(const LinkModel& link, double bytes) const {
  return link.transfer_s(bytes) * std::exp(deviations_ * link.spread());
}

double Traffic::inside_s(const PlacedReplica& at, int ranks, double bytes_each) const {
  if (const auto link = network_.inside_node(at.gpu, ranks)) return on_link(*link, bytes_each);
  return side_by_side_s(at, at, 1, bytes_each);
}

double Traffic::side_by_side_s(const PlacedReplica& from, const PlacedReplica& to, int ranks,
                               double bytes_each) const {
  // A network that was measured for some numbers of senders only knows the others by the next
  // smaller one, whose messages then follow each other.
  int count = ranks;
  std::optional<LinkModel> link;
  while (count > 0 && !link) {
    link = network_.find({from.zone, from.gpu, count}, {to.zone, to.gpu, count});
    if (!link) --count;
  }
  if (!link) link = network_.between({from.zone, from.gpu, 1}, {to.zone, to.gpu, 1});
  count = std::max(count, 1);
  const double rounds = static_cast<double>(ranks) / count;
  // Sailor's quadratics are of the size that each sender sends, others of what all send.
  return link->kind() == LinkModel::Kind::kQuadraticLog2Mb
             ? rounds * count * on_link(*link, bytes_each)
             : rounds * on_link(*link, count * bytes_each);
}

double Traffic::message_s(const PlacedReplica& from, const PlacedReplica& to, double bytes) const {
  const int lanes = lanes_between(from, to);
  const int beside = std::max(from.neighbours, to.neighbours);
  const double each = framework_.partitions_messages
                          ? bytes / lanes
                          : bytes * std::ceil(static_cast<double>(to.tp) / lanes);
  if (from.node == to.node && from.zone == to.zone) return inside_s(from, lanes * beside, each);
  double time_s = side_by_side_s(from, to, lanes * beside, each);
  if (framework_.partitions_messages && to.tp > 1) {
    // Gathered where it arrives; a network that does not know the node's inside has it for free.
    if (const auto link = network_.inside_node(to.gpu, to.tp * to.neighbours)) {
      time_s += (to.tp - 1) * on_link(*link, bytes / to.tp);
    }
  }
  return time_s;
}

double Traffic::message_bytes(const PlacedReplica& /*from*/, const PlacedReplica& to,
                              double bytes) const {
  return framework_.partitions_messages ? bytes : bytes * to.tp;
}

template <typename Time>
double Traffic::over_buckets(double bytes, const Time& time_s) const {
  const double bucket = framework_.bucket_bytes > 0 ? framework_.bucket_bytes : bytes;
  double sum_s = 0;
  for (double left = bytes; left > 0; left -= bucket) sum_s += time_s(std::min(left, bucket));
  return sum_s;
}

double Traffic::rings_s(const Rings& rings, double bytes) const {
  return over_buckets(bytes, [&](double size) { return bucket_s(rings, size); });
}

double Traffic::bucket_s(const Rings& rings, double bytes) const {
  double time_s = 0;
  if (rings.on_node > 1) {
    for (const PlacedReplica* member : rings.kinds) {
      time_s =
          std::max(time_s, inside_s(*member, rings.on_node * member->tp, bytes / rings.on_node));
    }
    time_s *= 2 * (rings.on_node - 1);
  }
  if (rings.nodes > 1) {
    double slowest_s = 0;
    const double each = bytes / (static_cast<double>(rings.on_node) * rings.nodes);
    for (const auto& [from, to] : rings.crossings) {
      slowest_s = std::max(slowest_s, side_by_side_s(*from, *to, rings.on_node * to->tp, each));
    }
    time_s += 2 * (rings.nodes - 1) * slowest_s;
  }
  return time_s / calibration_.collective_efficiency;
}

Rings rings_of(const std::vector<PlacedReplica>& members) {
  Rings rings;
  std::map<int, int> on_node;
  std::vector<const PlacedReplica*> ring;
  for (const PlacedReplica& member : members) {
    ring.push_back(&member);
    rings.on_node = std::max(rings.on_node, ++on_node[member.node]);
  }
  std::stable_sort(ring.begin(), ring.end(), [](const PlacedReplica* a, const PlacedReplica* b) {
    return std::tie(a->zone, a->gpu, a->tp, a->node) < std::tie(b->zone, b->gpu, b->tp, b->node);
  });
  const auto same_kind = [](const PlacedReplica& a, const PlacedReplica& b) {
    return a.gpu == b.gpu && a.zone == b.zone && a.tp == b.tp;
  };
  const PlacedReplica* before = nullptr;
  for (std::size_t i = 0; i <= ring.size(); ++i) {  // the last one sends to the first
    const PlacedReplica& here = *ring[i % ring.size()];
    if (rings.kinds.empty() || !same_kind(*rings.kinds.back(), here)) rings.kinds.push_back(&here);
    if (before != nullptr && before->node != here.node) {
      const bool again = !rings.crossings.empty() &&
                         same_kind(*rings.crossings.back().first, *before) &&
                         same_kind(*rings.crossings.back().second, here);
      if (!again) rings.crossings.emplace_back(before, &here);
    }
    before = &here;
  }
  rings.nodes = static_cast<int>(on_node.size());
  return rings;
}

double Traffic::all_reduce_s(const std::vector<PlacedReplica>& members, double bytes) const {
  if (members.size() < 2 || !(bytes > 0)) return 0;
  const PlacedReplica& first = members.front();
  const bool alike = std::all_of(members.begin(), members.end(), [&](const PlacedReplica& member) {
    return member.gpu == first.gpu && member.zone == first.zone && member.tp == first.tp;
  });
  const bool one_node = std::all_of(members.begin(), members.end(), [&](const PlacedReplica& m) {
    return m.node == first.node && m.zone == first.zone;
  });
  std::optional<CollectiveTime> measured;
  if (alike && first.tp == 1 && (one_node || first.neighbours == 1)) {
    measured = network_.collective(CommunicationOp::kAllReduce, first.gpu,
                                   one_node ? LinkLevel::kInsideNode : LinkLevel::kBetweenNodes,
                                   static_cast<int>(members.size()));
  }
  if (!measured) return rings_s(rings_of(members), bytes);
  return over_buckets(bytes, [&](double size) { return measured->seconds(size); });
}

double Traffic::tensor_collectives_s(const std::vector<TensorCollective>& collectives,
                                     std::string_view phase, const PlacedReplica& replica) const {
  double time_s = 0;
  for (const TensorCollective& collective : collectives) {
    if (collective.phase != phase) continue;
    const CommunicationOp op = operation_of(collective);
    const bool one_node = replica.gpus_on_node == replica.tp;
    const LinkLevel level = one_node ? LinkLevel::kInsideNode : LinkLevel::kBetweenNodes;
    if (const auto measured = network_.collective(op, replica.gpu, level, replica.tp)) {
      time_s += measured->seconds(collective.bytes);
      continue;
    }
    const CollectiveSteps steps = ring_steps(op, replica.tp);
    if (one_node) {
      const auto link = network_.inside_node(replica.gpu, replica.tp);
      if (!link) {
        throw_bad_input(fmt::format(
            "the profile of {} at tensor degree {} records its collectives without timing them, "
            "and the cluster's network says nothing of links inside a node to price them with; add "
            "level inside_node, or profile with collectives included",
            replica.gpu, replica.tp));
      }
      time_s += steps.steps * on_link(*link, collective.bytes / replica.tp);
    } else {
      time_s += steps.steps * side_by_side_s(replica, replica, 1, collective.bytes / replica.tp);
    }
  }
  return time_s;
}

}  // namespace sextant
