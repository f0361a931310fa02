#pragma once

#include <vector>

#include "analyzer/measured/measured_run.h"

namespace sextant {

/// Adds to MeasuredRun::suspicion what the figures of the runs give away of having been copied.
/// Within one set (what stands before the last '/' of a name): time and memory of two runs are
/// identical, or, of runs without ranks' own figures, their
/// memory is though their plans put other things on a GPU. Among all runs: the
/// synchronisation of one takes exactly as long as an iteration, its own or another's. Nothing is
/// left out.
void mark_suspicions(std::vector<MeasuredRun>& runs);

}  // namespace sextant
