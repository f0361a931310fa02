#pragma once

#include "analyzer/profile/export/exporters.h"

namespace sextant {

/// Metis (Um et al., USENIX ATC 2024) as the Sailor artifact carries it: mbs<m>_tmp<tp>.json,
/// milliseconds of forward and backward of every layer, of the optimizer's step, and MiB of every
/// layer (model states and saved activations). The published files count the step once for each
/// layer; here it is once for all.
Exporter metis_exporter();

}  // namespace sextant
