#pragma once

#include <string>
#include <vector>

#include "analyzer/profile/model_profile.h"
#include "analyzer/profile/profile_point.h"

namespace sextant {

/// Memory at a microbatch of `sequences` from that of one: activations grow with it.
std::vector<LayerMemory> scaled_memory(std::vector<LayerMemory> of_one_sequence, int sequences);

/// Fills `point.kinds` and `point.sequence` from costs layer by layer; memory is at the point's
/// microbatch. Layers of equal name and cost become one kind. `names` gives each layer's name
/// ("embedding", "block", …); where it is empty, the first is the embedding, the last the head,
/// between them "final_norm" where parameters are few, and else "block". Of several kinds with one
/// name the most frequent keeps it, others become "block_2", ….
void put_layers(const std::vector<LayerTime>& times, const std::vector<LayerMemory>& memory,
                const std::vector<std::string>& names, PointDocument& point);

}  // namespace sextant
