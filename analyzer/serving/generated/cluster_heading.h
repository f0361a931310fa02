#pragma once

#include <string>

#include "analyzer/serving/generated/generated_cluster.h"

namespace sextant {

/// The comments with which the artifact's generators begin a file: their settings.
std::string mixed_cluster_heading(const MixedClusterOptions& options);
std::string regional_cluster_heading(const RegionalClusterOptions& options);

}  // namespace sextant
