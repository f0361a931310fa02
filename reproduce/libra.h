#pragma once

#include "reproduce/reproduction.h"

namespace sextant {

/// Names and descriptions of the experiments of LIBRA's artifact (SC'22), and "evaluation", all
/// points of figures 12 to 15 at once.
std::vector<ExperimentName> libra_experiments();

/// Solves, simulates, or, where `options.from` names a document of an earlier run of the figure or
/// of "evaluation", reads what that found.
Reproduction reproduce_libra(const std::string& experiment, const ReproduceOptions& options);

}  // namespace sextant
