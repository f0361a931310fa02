#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "analyzer/network/communication_op.h"
#include "nccl_bench/element_type.h"
#include "ranks/abortable.h"

namespace sextant::bench {

/// One rank's part in an operation. Ranks are those of the group.
struct Operation {
  CommunicationOp op = CommunicationOp::kSendRecv;
  ElementType type = ElementType::kFp32;
  bool in_place = false;
  /// As BandwidthPoint::bytes counts; a multiple of block_bytes().
  std::int64_t bytes = 0;
  int send_to = -1;       ///< send_recv: -1 = this rank does not send
  int receive_from = -1;  ///< send_recv: -1 = this rank does not receive

  std::int64_t elements() const { return bytes / size_of(type); }
};

/// Sizes of an operation are multiples of this: a rank's share has a whole number of elements.
inline std::int64_t block_bytes(CommunicationOp op, ElementType type, int group_size) {
  const bool shared = op == CommunicationOp::kAllGather || op == CommunicationOp::kReduceScatter ||
                      op == CommunicationOp::kAllToAll;
  return size_of(type) * static_cast<std::int64_t>(shared ? group_size : 1);
}

/// The ranks that communicate, seen from one of them: NCCL on a GPU, Gloo on a CPU. Every rank of
/// the group makes the same calls with the same sizes in the same order, except that in send_recv
/// ranks without a partner stay out. Broadcasts are from rank 0; a copy needs no partner.
class Group : public ranks::Abortable {
 public:
  virtual int rank() const = 0;
  virtual int size() const = 0;

  /// Makes buffers for `operation` and fills them. Throws Error(kBadInput) where memory runs out.
  virtual void prepare(const Operation& operation) = 0;
  /// Does the prepared operation `iterations` times; seconds of each on this rank's own clock. All
  /// ranks begin together, as nearly as their backend can.
  virtual std::vector<double> run(int iterations) = 0;
  /// Fills the buffers with the values of `round` (ValueRule), does the operation once and returns
  /// how many elements of this rank's result are wrong. `spoil` changes one element of the result
  /// before they are compared, to show that it is seen.
  virtual std::int64_t count_wrong(int round, bool spoil) = 0;

  /// What it chose and runs with: "nccl", "transport", "interface", …
  virtual std::map<std::string, std::string> details() const = 0;
};

}  // namespace sextant::bench
