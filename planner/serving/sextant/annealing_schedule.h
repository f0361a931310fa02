#pragma once

#include <cmath>
#include <cstdint>

#include "planner/serving/sextant/chain_annealing.h"

namespace sextant {

/// How long an annealing run goes on and how it cools: by equal factors, each after so many
/// evaluations, when it also looks whether it is to stop.
class AnnealingSchedule {
 public:
  /// `scale`: what temperatures are shares of.
  AnnealingSchedule(const ChainAnnealingOptions& options, double scale, std::int64_t poll_every)
      : options_(options),
        poll_every_(poll_every),
        temperature_(options.hottest * scale),
        cooling_(
            std::pow(options.coldest / options.hottest,
                     static_cast<double>(poll_every) / static_cast<double>(options.evaluations))) {}

  /// Whether another evaluation may follow so many; `complete` becomes false where it was stopped.
  bool goes_on(std::int64_t evaluations, bool& complete) {
    if (evaluations >= options_.evaluations) return false;
    if (evaluations % poll_every_ != poll_every_ - 1) return true;
    temperature_ *= cooling_;
    if (options_.stop && options_.stop()) complete = false;
    return complete;
  }

  /// What a candidate must reach by Metropolis' rule, given the score now and a draw in [0, 1).
  /// Drawn before the candidate is scored, which may then end early.
  double needed(double score, double draw) const {
    return score + temperature_ * std::log(1 - draw);
  }

 private:
  const ChainAnnealingOptions& options_;
  std::int64_t poll_every_;
  double temperature_;
  double cooling_;
};

}  // namespace sextant
