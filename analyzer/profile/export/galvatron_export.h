#pragma once

#include "analyzer/profile/export/exporters.h"

namespace sextant {

/// Galvatron (Miao et al., VLDB 2023) as the Sailor artifact carries it: compute_profile.json
/// (forward ms of one sequence, of a block and of all other layers together), memory_profile.json
/// (MiB on the first and last rank with one and with two blocks, for every <pp>_<tp>_<dp>, and what
/// follows of them), and the GPU type's entry of overlap_coe_dicts.json. hw_prof.json is a
/// measurement of the network, not of the model.
Exporter galvatron_exporter();

}  // namespace sextant
