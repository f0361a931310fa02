#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/profile/model_profile.h"
#include "analyzer/profile/profile_point.h"

namespace sextant {

/// The points of a profile read from the artifact as point documents, of all of its GPU types.
std::vector<PointDocument> sailor_point_documents(const ModelProfile& profile);

/// What the name `profile_<id>_<gpu>_<tp>_<mbs>.json` of a point file, the artifact's or ours,
/// says.
struct PointFileName {
  std::string id;  ///< in the artifact "OPT" stands for every OPT model: its script is told which
  int tp = 1;
  int microbatch = 1;
};
/// Nothing where the name has another form or is of another GPU type than `gpu`.
std::optional<PointFileName> point_file_name_parts(const std::string& file_name,
                                                   const std::string& gpu);

/// Reads {"timing": {layer: [forward s, backward s, update s]}, "memory": {layer: {"params_floats":
/// …}}}; memory is of the file's own microbatch size. Variant "artifact/points", evidence replayed.
PointDocument read_sailor_point(const JsonDocument& document, const PointFileName& name,
                                const std::string& model, const std::string& gpu);

}  // namespace sextant
