#pragma once

#include "analyzer/profile/export/exporters.h"

namespace sextant {

/// Aceso (Liu et al., EuroSys 2024) as the Sailor artifact carries it:
/// <model>_mbs<m>_tp<tp>_algo<0|1>.csv, one line an operator: microseconds, MiB. Our fused
/// attention stands in the line of the scores; softmax, dropout and context are zero there. Split
/// "algo1" (row before column) is written at tp 1 only, where it is the same as "algo0".
Exporter aceso_exporter();

}  // namespace sextant
