#include "analyzer/network/communication_op.h"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"

namespace sextant {

CommunicationOp communication_op_from(std::string_view name) {
  const auto found = std::find(kCommunicationOpNames.begin(), kCommunicationOpNames.end(), name);
  if (found == kCommunicationOpNames.end()) {
    const std::string nearest =
        nearest_name(name, {kCommunicationOpNames.begin(), kCommunicationOpNames.end()});
    throw_usage(fmt::format("unknown operation {}; there are {}{}", quote(name),
                            fmt::join(kCommunicationOpNames, ", "),
                            nearest.empty() ? "" : "; " + nearest));
  }
  return static_cast<CommunicationOp>(found - kCommunicationOpNames.begin());
}

CommunicationOp read_communication_op(const JsonNode& node) {
  return static_cast<CommunicationOp>(node.one_of(kCommunicationOpNames));
}

bool is_collective(CommunicationOp op) {
  return op != CommunicationOp::kSendRecv && op < CommunicationOp::kCopyDeviceToDevice;
}

bool is_reduction(CommunicationOp op) {
  return op == CommunicationOp::kAllReduce || op == CommunicationOp::kReduceScatter;
}

double bus_factor(CommunicationOp op, int world_size) {
  const double others = static_cast<double>(world_size - 1) / world_size;
  switch (op) {
    case CommunicationOp::kAllReduce:
      return 2 * others;
    case CommunicationOp::kAllGather:
    case CommunicationOp::kReduceScatter:
    case CommunicationOp::kAllToAll:
      return others;
    default:
      return 1;
  }
}

}  // namespace sextant
