#pragma once

#include "analyzer/profile/export/exporters.h"

namespace sextant {

/// AMP (Li et al., NeurIPS 2022) as the Sailor artifact carries it: profile_<tp>.npy, a
/// one-dimensional float64 array (NPY format 1.0) of the forward seconds of every layer at
/// microbatch 1. AMP takes backward as twice the forward, and time as linear in the microbatch.
Exporter amp_exporter();

}  // namespace sextant
