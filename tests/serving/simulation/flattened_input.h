#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analyzer/serving/simulation/serving_simulation.h"

namespace sextant {

/// A network as `sim_inputs/<name>.txt` of Helix's published data flattens it, flow included.
ServedNetwork flattened_input(const std::filesystem::path& artifact, const std::string& name);

/// The recorded lengths of the artifact's conversations.
std::vector<RequestLength> conversation_lengths(const std::filesystem::path& artifact);

/// One machine type with a chain of machines, each with so many layers: made up, for tests of what
/// needs no published figure. KV caches hold so many tokens.
ServedNetwork chain_of_machines(int machines, int layers_each, double kv_tokens);

}  // namespace sextant
