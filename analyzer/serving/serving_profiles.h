#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sextant {

/// Tokens of one block of vLLM's KV cache.
inline constexpr int kKvBlockTokens = 16;
/// Requests of the published trace, rounded: what the typical throughput is typical of.
inline constexpr double kTypicalInputTokens = 750;
inline constexpr double kTypicalOutputTokens = 240;
/// Longest prompt that the published system admits.
inline constexpr int kMaxInputTokens = 2048;

/// A model as those see it who serve it.
struct ServedModel {
  std::string name;
  int layers = 0;
  double layer_bytes = 0;       ///< weights of one layer
  double token_bytes = 2;       ///< of a token on the wire
  double activation_bytes = 0;  ///< of one token between two layers
};

/// Seconds against a number of tokens or requests: linear between points, exact at them, and beyond
/// the last as steep as before it.
class TimeCurve {
 public:
  TimeCurve() = default;
  /// Points (number, seconds), the numbers strictly rising from 0 on, at least two. Throws
  /// Error(kBadInput) naming `name`.
  TimeCurve(std::vector<std::pair<double, double>> points, std::string_view name);

  /// n >= 0.
  double at(double n) const;
  const std::vector<std::pair<double, double>>& points() const { return points_; }

 private:
  std::vector<std::pair<double, double>> points_;
};

/// How a machine of one type serves layers of one model: all of its GPUs work together. Lists by
/// number of layers have index 0, unused, up to max_layers.
struct MachineType {
  std::string name;    ///< "A100", "T4x2"
  TimeCurve prompt_s;  ///< one layer, by the prompt tokens of a batch
  TimeCurve decode_s;  ///< one layer, by the sequences of a decode step; see decode_layer_s
  int max_layers = 0;  ///< that leave room for a KV cache
  std::vector<std::int64_t> kv_blocks;   ///< each of kKvBlockTokens tokens, in all layers held
  std::vector<int> prompt_max_requests;  ///< of a batch
  std::vector<int> decode_max_requests;  ///< likewise
  double vram_bytes = 0;
  double nic_in_bytes_per_s = 0;
  double nic_out_bytes_per_s = 0;
  double disk_bytes_per_s = 0;  ///< from which weights are loaded
  /// What a decode step takes more for each token that its sequences have in the KV cache; the
  /// published tables leave it out.
  double decode_s_per_context_token = 0;
  // Where the estimate of typical throughput starts.
  int typical_layers = 0;
  int typical_layers_if_tight = 0;
  double first_layer_tokens_per_s = 0;

  /// Capacity of the KV cache with so many layers, in tokens times layers.
  std::int64_t kv_layer_tokens(int layers) const {
    return kKvBlockTokens * kv_blocks[static_cast<std::size_t>(layers)] * layers;
  }
};

/// A model and how each type of machine serves it.
struct ServingProfiles {
  ServedModel model;
  std::vector<MachineType> types;

  /// Index of a type. Throws Error(kBadInput) naming the types that there are.
  int type_index(std::string_view name) const;
};

/// Tokens per second (prompt and decode tokens together) of a machine by type index and number of
/// layers (index 0 unused).
using ThroughputTable = std::vector<std::vector<double>>;

/// What machines reach on a typical mix of prompts and decodes, given how many there are of each
/// type; specs: Helix (ASPLOS'25), its artifact's estimate, rounding included. Throws
/// Error(kBadInput) where no machine has a type.
ThroughputTable typical_throughput(const ServingProfiles& profiles,
                                   const std::vector<int>& machines_of_type);

}  // namespace sextant
