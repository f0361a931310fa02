#pragma once

#include "analyzer/profile/export/exporters.h"

namespace sextant {

/// Varuna (Athlur et al., EuroSys 2022) as the Sailor artifact carries it: profile_<tp>.json,
/// {layer: {microbatch: {forward s, backward s, params_bytes, mem_required bytes,
/// output_activation bytes}}}; its "GPU" is a machine of <tp> GPUs. mem_required is divided by tp
/// by its reader, so it is tp times a rank's peak (training_memory's alone_peak_bytes);
/// params_bytes are of a rank, output_activation is what one GPU of the machine sends, 1/tp of the
/// layer's output.
Exporter varuna_exporter();

}  // namespace sextant
