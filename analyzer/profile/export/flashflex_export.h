#pragma once

#include "analyzer/profile/export/exporters.h"

namespace sextant {

/// FlashFlex (Yan et al., arXiv 2409.01143) as the Sailor artifact carries it:
/// machine_amounts.json, [TFLOP/s, memory GiB, GB/s inside a machine] of each GPU type. It reads no
/// profile: figures are of the data sheet, in the profile's data type.
Exporter flashflex_exporter();

}  // namespace sextant
