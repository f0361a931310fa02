#pragma once

#include <string>
#include <vector>

#include "analyzer/core/json_document.h"
#include "analyzer/profile/model_profile.h"

namespace sextant {

/// The artifact profiles in fp32 and counts memory in elements of four bytes.
inline constexpr double kSailorBytesPerElement = 4;
inline constexpr int kSailorLargestDegree = 4096;
inline constexpr int kSailorLargestMicrobatch = 1 << 20;

/// `key` of the object `node` as an integer in [low, high]; throws Error(kBadInput).
int sailor_key_number(const JsonNode& node, const std::string& key, int low, int high);

/// {"0": [forward s, backward s, update s], …}: as many layers as there are keys, which must be
/// 0 … n-1. Forward times must be positive, backward times too except that of the first layer.
std::vector<LayerTime> read_sailor_times(const JsonNode& layers);

/// {"0": {"params_floats": …}, …}, in bytes.
std::vector<LayerMemory> read_sailor_memory(const JsonNode& layers);

}  // namespace sextant
