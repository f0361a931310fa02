#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "analyzer/network/link_model.h"
#include "analyzer/profile/model_profile.h"
#include "analyzer/training/calibration.h"
#include "analyzer/training/framework.h"
#include "analyzer/training/sextant/placement.h"

namespace sextant {

/// Who takes part in an all-reduce, by node. Pointers are to its members.
struct Rings {
  int on_node = 1;  ///< members on one node, at most
  int nodes = 1;
  std::vector<const PlacedReplica*> kinds;  ///< each kind of member at least once
  /// Neighbours in the ring that stand on different nodes, each kind of pair at least once.
  std::vector<std::pair<const PlacedReplica*, const PlacedReplica*>> crossings;
};
/// A ring visits zone after zone, in it GPU type after GPU type and node after node, and is closed.
Rings rings_of(const std::vector<PlacedReplica>& members);

/// What is moved between the ranks of a plan, and how long it takes on the cluster's network;
/// seconds and bytes.
class Traffic {
 public:
  /// `deviations`: times are taken so many standard deviations of their fits from what the links'
  /// models say; 0 for the expectation.
  Traffic(const Network& network, const Framework& framework, const Calibration& calibration,
          double deviations)
      : network_(network),
        framework_(framework),
        calibration_(calibration),
        deviations_(deviations) {}

  /// An activation (or the gradient of one) of `bytes`, as every rank of `from` has it whole, from
  /// stage replica to stage replica, while the replicas beside them do the same.
  double message_s(const PlacedReplica& from, const PlacedReplica& to, double bytes) const;
  /// Bytes that leave the sender for that.
  double message_bytes(const PlacedReplica& from, const PlacedReplica& to, double bytes) const;

  /// All-reduce of `bytes` of each tensor-parallel rank with its peers of the other replicas, all
  /// rings at the same time. Where the network measured the collective itself (one GPU a replica,
  /// or all in one node), that; else hierarchical rings: a reduce-scatter inside nodes, rings over
  /// nodes that share the NICs, an all-gather inside (Thakur et al. 2005 for the rings; NCCL's
  /// rings cross each NIC as often), bucket after bucket.
  double all_reduce_s(const std::vector<PlacedReplica>& members, double bytes) const;

  /// That by rings.
  double rings_s(const Rings& rings, double bytes) const;

  /// Collectives of one layer among the tensor-parallel ranks of a replica that were recorded and
  /// not timed, of one phase, for a microbatch. Throws Error(kBadInput) where the network knows
  /// nothing of the node's inside.
  double tensor_collectives_s(const std::vector<TensorCollective>& collectives,
                              std::string_view phase, const PlacedReplica& replica) const;

 private:
  double bucket_s(const Rings& rings, double bytes) const;
  /// The sum of `time_s` over the buckets of so many bytes.
  template <typename Time>
  double over_buckets(double bytes, const Time& time_s) const;
  double on_link(const LinkModel& link, double bytes) const;
  /// `ranks` GPUs of a node send to as many of another, each `bytes_each`.
  double side_by_side_s(const PlacedReplica& from, const PlacedReplica& to, int ranks,
                        double bytes_each) const;
  double inside_s(const PlacedReplica& at, int ranks, double bytes_each) const;

  const Network& network_;
  const Framework& framework_;
  const Calibration& calibration_;
  double deviations_;
};

}  // namespace sextant
