#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "analyzer/network/bandwidth_document.h"

namespace sextant {

/// A link between two ranks as it was measured.
struct MeasuredLink {
  int from = 0;
  int to = 0;
  double bytes_per_s = 0;
};

/// Links that ought to be alike: same level, GPU types, way (as the driver calls it), data type and
/// pattern, all measured at the same sizes.
struct LinkMatrix {
  std::string name;  ///< "between_nodes, fp32"
  /// Both directions were measured at once and have one figure (sendrecv_perf of two ranks).
  bool both_ways = false;
  LinkLevel level = LinkLevel::kBetweenNodes;
  std::vector<MeasuredLink> links;
  std::vector<std::size_t> sweeps;    ///< of the document, one for each link
  std::vector<std::string> left_out;  ///< pairs without a figure, with the reason
};

/// The classes of links of which the document's send/recv sweeps of two ranks measured at least
/// two. A link's figure is its median bandwidth over the sizes within a factor of 16 of the largest
/// that most of the class have.
std::vector<LinkMatrix> link_matrices(const BandwidthDocument& document);

}  // namespace sextant
