#pragma once

#include <string>
#include <vector>

#include "analyzer/core/json_document.h"
#include "analyzer/validation/validation.h"

namespace sextant {

/// Whether an estimator puts plans for one job into the order in which they are fast.
struct Ranking {
  std::string estimator;
  int runs = 0;
  /// Pairs of runs that the measurement itself can tell apart: the intervals in which the medians
  /// of their iterations lie with 95 % do not touch.
  int separable_pairs = 0;
  /// Kendall's tau over these: (pairs in the measured order - the others) / pairs; ties of the
  /// prediction are neither. 0 where there is no such pair.
  double kendall_tau = 0;
  std::string first;    ///< the run that is predicted to be fastest
  double regret = 0;    ///< its measured time over the least measured one, minus 1
  std::string fastest;  ///< that one
};

/// By estimator, over the rows of time that are ok, where all of the runs have one global batch and
/// there are at least three; else nothing, since times of different jobs have no order.
std::vector<Ranking> rank_predictions(const std::vector<MeasuredRun>& runs,
                                      const std::vector<ValidationRow>& rows);

/// The 95 % interval of the median of an iteration: between order statistics of the samples
/// (Hollander and Wolfe, "Nonparametric Statistical Methods", section 3.6), which need at least
/// six; of fewer samples 10th to 90th percentile; without any, the median alone.
TimeInterval median_interval(const MeasuredRun& run);

OrderedJson to_json(const Ranking& ranking);
/// For people; "" of none.
std::string ranking_text(const std::vector<Ranking>& rankings);

}  // namespace sextant
