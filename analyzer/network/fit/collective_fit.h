#pragma once

#include <span>
#include <vector>

#include "analyzer/network/collective_cost.h"
#include "analyzer/network/fit/term_sum.h"
#include "analyzer/network/network_content.h"

namespace sextant {

/// What was measured of a collective in one world.
struct WorldPoints {
  int world_size = 2;
  std::vector<FitPoint> points;  ///< ascending sizes, each once
};

/// Fits launch, step and bandwidth of CollectiveTerms to all worlds of two and more ranks at once
/// (ceres::Solver, Huber's loss of ln(model / measured), none below 0). One world alone does not
/// tell launch from steps: launch is then 0, so that larger worlds are rather over- than
/// underestimated. `held_out` of the record has the errors of predicting each world from the
/// others, where there are two or more, and of predicting each message size from the others.
/// Throws Error(kBadInput) where no world has two ranks or there are fewer than 3 points.
CollectiveClass::Terms fit_collective_terms(CommunicationOp op,
                                            std::span<const WorldPoints> worlds);

}  // namespace sextant
