#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analyzer/topology/group_mapping.h"
#include "analyzer/topology/workload.h"

namespace sextant {

/// Reads a workload in ASTRA-sim's text form, with its two lines of header (LIBRA's artifact) or
/// without (its release): forward and input gradient communicate in group kModelGroup, weight
/// gradients in kDataGroup; the header's model-parallel size and checkpoints are kept, the data
/// group's size is not in the file. Throws Error(kBadInput) naming file, line and column.
Workload read_workload_text(const std::filesystem::path& path);

/// The same text of a workload, with a header, times and sizes rounded to whole ns and bytes.
/// Throws Error(kBadInput) naming group or layer where the form has no place for it: more than one
/// group for forward and input gradient or for weight gradients, one of both, other groups of more
/// than one NPU, a model group of unknown size, messages between neighbours.
std::string write_workload_text(const Workload& workload);

/// Reads the release's communicator YAML (Forward, InputGrad, WeightGrad: extents by dimension, -1
/// = not used) and makes the groups of `workload` those of the file: forward and input gradient may
/// then be different ones. Returns their shapes. Throws Error(kBadInput) likewise.
std::vector<GroupShape> read_communicators(const std::filesystem::path& path, Workload& workload);

}  // namespace sextant
