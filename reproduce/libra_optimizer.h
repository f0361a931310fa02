#pragma once

#include "reproduce/reproduction.h"

namespace sextant {

/// "optimizer" and "table6": the problems that LIBRA's optimizer solves.
std::vector<ExperimentName> libra_optimizer_experiments();

/// Each recorded problem solved again, beside the recorded optimum.
Reproduction reproduce_libra_optimizer(const std::string& experiment,
                                       const ReproduceOptions& options);

}  // namespace sextant
