#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "analyzer/network/bandwidth_document.h"
#include "analyzer/network/compare/link_matrix.h"

namespace sextant {

/// A rank, or all ranks of a machine, whose links are slow together.
struct SuspectEnd {
  enum class Role { kSends, kReceives, kBoth };

  std::vector<int> ranks;
  std::string host;  ///< all of whose ranks they are; "" = one rank
  Role role = Role::kBoth;
  double ratio = 1;  ///< its links' median over that of all
};
/// "sends", "receives", "sends and receives".
std::string_view to_string(SuspectEnd::Role role);

/// A link that differs from what its class and its ends let expect.
struct OutlierLink {
  MeasuredLink link;
  double ratio = 1;  ///< over the expected bandwidth
  double score = 0;  ///< distance in robust standard deviations, negative: slower
};

/// A pair whose directions differ more than those of other pairs.
struct AsymmetricPair {
  MeasuredLink slow;
  MeasuredLink fast;
  double ratio = 1;  ///< slow over fast
  double score = 0;
};

/// What stands out in one class of links.
struct LinkFindings {
  double typical_bytes_per_s = 0;  ///< median of the links whose ends are not suspect
  double spread = 0;               ///< robust relative standard deviation of links
  double bound = 0;                ///< score beyond which a link stands out
  std::string unjudged;            ///< why nothing was judged; "" = it was
  std::vector<SuspectEnd> ends;
  std::vector<OutlierLink> links;  ///< slowest first; what a suspect end explains is not listed
  std::vector<AsymmetricPair> asymmetric;
};

/// Judges links by robust statistics of the logarithm of their bandwidths:
/// 1. A rank sends as the median of the links on which it sends, and receives likewise; a rank
/// whose
///    level lies outlier_bound() below that of the others is suspect. That is judged with at least
///    4 ranks of at least 3 links each; fewer than half of the ranks can be found out.
/// 2. A link ought to be as fast as the typical one, or as its slower suspect end. One that is
///    outlier_bound() away from that stands out; judged with at least 5 links.
/// 3. Of pairs measured both ways without a suspect end, those whose directions differ by
///    outlier_bound(); judged with at least 5 pairs.
/// The spread is taken as at least 1 %: smaller differences would change no plan. Among links that
/// differ by chance only, each step finds one with a probability of at most about 1 %.
LinkFindings find_outliers(const LinkMatrix& matrix, const BandwidthDocument& document);

}  // namespace sextant
