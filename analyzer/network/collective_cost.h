#pragma once

#include <limits>
#include <optional>
#include <vector>

#include "analyzer/core/evidence.h"
#include "analyzer/network/communication_op.h"
#include "analyzer/network/link_model.h"

namespace sextant {

/// How often an algorithm waits for a message, and how often the whole of `bytes` passes a link.
struct CollectiveSteps {
  double steps = 0;
  double passes = 0;
};

/// Of `world_size` n ranks with `bytes` as nccl-tests counts (BandwidthPoint::bytes); Thakur,
/// Rabenseifner and Gropp, "Optimization of Collective Communication Operations in MPICH" (2005),
/// sections 4 and 5, with the tree of NCCL 2.4 (reduce, then broadcast, pipelined):
/// - ring: all_reduce 2 (n - 1) and 2 (n - 1) / n; all_gather, reduce_scatter and all_to_all n - 1
///   and (n - 1) / n; broadcast n - 1 and 1;
/// - tree: all_reduce 2 log2 n and 2; broadcast log2 n and 1; nothing for the others.
CollectiveSteps ring_steps(CommunicationOp op, int world_size);
std::optional<CollectiveSteps> tree_steps(CommunicationOp op, int world_size);

/// What a collective costs for any world size: t = launch + min over ring and tree of
/// steps * step_s + passes * bytes / bandwidth.
struct CollectiveTerms {
  double launch_s = 0;
  double step_s = 0;
  double bandwidth_bytes_per_s = 0;
  double low_bytes = 0;  ///< sizes and worlds that they were fitted to
  double high_bytes = std::numeric_limits<double>::infinity();
  std::vector<int> world_sizes;

  /// Held fast outside low_bytes … high_bytes as a LinkModel is.
  double seconds(CommunicationOp op, int world_size, double bytes) const;
};

/// What a network says of one collective in one world.
class CollectiveTime {
 public:
  CollectiveTime(const LinkModel& measured, Evidence evidence)
      : measured_(measured), evidence_(evidence) {}
  CollectiveTime(CollectiveTerms terms, CommunicationOp op, int world_size)
      : terms_(std::move(terms)), op_(op), world_size_(world_size) {}

  /// Of bytes > 0 as nccl-tests counts them.
  double seconds(double bytes) const;
  /// A world of this size was measured; else it is composed from others.
  bool measured() const { return measured_.has_value(); }
  /// Of a composed one: estimated.
  Evidence evidence() const { return evidence_; }
  /// Whether the size was not measured, or the world is smaller or larger than all that were.
  bool extrapolates(double bytes) const;

 private:
  std::optional<LinkModel> measured_;
  CollectiveTerms terms_;
  CommunicationOp op_ = CommunicationOp::kAllReduce;
  int world_size_ = 1;
  Evidence evidence_ = Evidence::kEstimated;
};

}  // namespace sextant
