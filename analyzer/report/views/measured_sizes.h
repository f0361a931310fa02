#pragma once

#include <string>
#include <vector>

#include "analyzer/network/bandwidth_document.h"

namespace sextant {

/// Sweeps of one kind: what they share is what tells them from others. Pairs of ranks that ought to
/// be alike are one class.
struct SweepClass {
  CommunicationOp op = CommunicationOp::kSendRecv;
  LinkLevel level = LinkLevel::kInsideNode;
  std::string gpu;  ///< "" = mixed
  std::string from_zone;
  std::string to_zone;
  int count = 1;  ///< senders of send_recv and copies, ranks of a collective
  SweepPattern pattern = SweepPattern::kPair;
  std::string dtype;
  bool in_place = false;
  std::vector<const Sweep*> sweeps;  ///< of the document

  /// "2 ranks of CPU, fp32".
  std::string text() const;
};
/// In the order in which the document has them; sweeps without a point are left out.
std::vector<SweepClass> sweep_classes(const BandwidthDocument& document);

/// One message size of a class.
struct MeasuredSize {
  double bytes = 0;
  double time_s = 0;  ///< median over the sweeps
  /// Of one sweep its 10th and 90th percentile, of several the least and most of them; both 0 where
  /// that is not known.
  double low_s = 0;
  double high_s = 0;
  double bus_bytes_per_s = 0;  ///< bus bandwidth at the median
};
/// Ascending.
std::vector<MeasuredSize> measured_sizes(const SweepClass& of);

}  // namespace sextant
