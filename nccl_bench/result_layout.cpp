#include "nccl_bench/result_layout.h"

namespace sextant::bench {

ResultLayout result_layout(const Operation& operation, int rank, int size) {
  const std::int64_t all = operation.elements();
  const std::int64_t share = all / size;
  switch (operation.op) {
    case CommunicationOp::kAllGather:
      return {share, all, rank * share, 0};
    case CommunicationOp::kReduceScatter:
      return {all, share, 0, rank * share};
    case CommunicationOp::kSendRecv:
      return {operation.send_to < 0 ? 0 : all, operation.receive_from < 0 ? 0 : all, 0, 0};
    default:
      return {all, all, 0, 0};
  }
}

ResultRule result_rule(const Operation& operation, int rank, int size, int round) {
  ResultRule rule;
  rule.values =
      ValueRule::of(size, round, largest_exact(operation.type), is_reduction(operation.op));
  const std::int64_t all = operation.elements();
  const std::int64_t share = all / size;
  rule.sums = is_reduction(operation.op);
  rule.block = all;
  switch (operation.op) {
    case CommunicationOp::kSendRecv:
      rule.source = operation.receive_from;
      break;
    case CommunicationOp::kAllGather:
      rule.block = share;
      rule.source = -1;
      break;
    case CommunicationOp::kReduceScatter:
      rule.block = share;
      rule.offset = rank * share;
      break;
    case CommunicationOp::kAllToAll:
      rule.block = share;
      rule.source = -1;
      rule.offset = rank * share;
      break;
    case CommunicationOp::kAllReduce:
    case CommunicationOp::kBroadcast:
      break;
    case CommunicationOp::kCopyDeviceToDevice:
    case CommunicationOp::kCopyHostToDevice:
    case CommunicationOp::kCopyDeviceToHost:
      rule.source = rank;
      break;
  }
  return rule;
}

}  // namespace sextant::bench
