#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analyzer/profile/export/exporters.h"
#include "analyzer/profile/profile_point.h"

namespace sextant {

/// The text of a point file as the artifact's profiler writes it: {"timing": …, "memory": …}, keys
/// in its order and numbers as Python's json.dump prints them. Memory is of the point's microbatch
/// size, as there. Where the point's updates are per layer, every layer carries their sum: the
/// artifact keeps one optimizer step for all layers. Throws Error(kBadInput) for a point that the
/// artifact's format cannot hold: no times, or a dtype whose elements are not four bytes.
std::string sailor_point_text(const PointDocument& point);

/// "profile_<id>_<gpu>_<tp>_<mbs>.json".
std::string sailor_point_file_name(const std::string& id, const ProfileKey& key);

/// The merged `profile.json` of points of one model and GPU type: {mbs: {tp: {layer: [f, b, u]}}}.
std::string sailor_profile_text(const std::vector<PointDocument>& points);

/// Writes the artifact's layout under `artifact_dir`: the planner's MODEL/GPU/profile.json, and
/// this model's entries of llm_info.json (memory of one sequence, from the smallest microbatch of
/// each tensor degree) and of profiles_tmp.json; other models' entries stay byte for byte as the
/// values they are. `points` are of one model, one GPU type and one variant, all of status ok.
/// Returns the files written. Takes a lock, so that concurrent writers do not lose entries.
std::vector<std::filesystem::path> write_sailor_layout(const std::filesystem::path& artifact_dir,
                                                       const std::vector<PointDocument>& points);

/// Both: point files below points/, and the artifact's layout. Memory counts elements of four
/// bytes.
Exporter sailor_exporter();

}  // namespace sextant
