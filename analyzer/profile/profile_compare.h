#pragma once

#include <string>
#include <vector>

#include "analyzer/core/verdict.h"
#include "analyzer/profile/profile_db.h"

namespace sextant {

struct PointComparison {
  ProfileKey key;  ///< A's
  double a_s = 0;  ///< forward and backward of all layers
  double b_s = 0;
  double change = 0;  ///< b / a - 1
  Verdict verdict = Verdict::kAmbiguous;
};

struct ProfileComparison {
  std::vector<PointComparison> points;
  std::vector<std::string> only_in_a;  ///< keys of status ok that the other has not
  std::vector<std::string> only_in_b;
};

/// Compares points of equal variant, sequence length, tensor degree and microbatch; variants are
/// paired whatever their names where each side has just one. The interval of a point is the sum of
/// its layers' 10th to that of their 90th percentiles, wider than the sum's own, so that a verdict
/// of FASTER or SLOWER holds. Throws Error(kBadInput) where no point is common.
ProfileComparison compare_profiles(const ProfileDatabase& a, const ProfileDatabase& b);

}  // namespace sextant
