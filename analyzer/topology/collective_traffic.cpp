#include "analyzer/topology/collective_traffic.h"

#include "analyzer/core/error.h"

namespace sextant {

CollectiveTraffic collective_traffic(CommunicationOp op, double bytes, const GroupShape& group) {
  CollectiveTraffic traffic;
  traffic.shares.assign(group.size(), 0);
  const auto share_out = [&](double weight, auto share) {
    traffic.weight_bytes = weight;
    double product = 1;
    for (std::size_t d = 0; d < group.size(); ++d) {
      product *= group[d];
      if (group[d] > 1) traffic.shares[d] = share(group[d], product);
    }
  };
  const auto shrinking = [](double extent, double product) { return (extent - 1) / product; };
  switch (op) {
    case CommunicationOp::kAllReduce:
      share_out(2 * bytes, shrinking);
      break;
    case CommunicationOp::kReduceScatter:
      share_out(bytes, shrinking);
      break;
    case CommunicationOp::kAllGather:
      share_out(bytes * group_npus(group), shrinking);
      break;
    case CommunicationOp::kAllToAll:
      share_out(bytes, [](double extent, double) { return (extent - 1) / extent; });
      break;
    case CommunicationOp::kSendRecv:
      share_out(bytes, [](double, double) { return 1.0; });
      break;
    default:
      throw Error(ErrorCode::kInternal, "an operation that no training phase has");
  }
  return traffic;
}

}  // namespace sextant
