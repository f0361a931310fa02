#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/core/evidence.h"
#include "analyzer/profile/serving_profile.h"
#include "analyzer/serving/serving_profiles.h"

namespace sextant {

/// A sequence's tokens in the KV cache half way through a typical request.
inline constexpr double kTypicalContextTokens = kTypicalInputTokens + kTypicalOutputTokens / 2;

/// What a tensor-parallel machine's GPUs are connected by.
struct TensorLink {
  double bytes_per_s = 0;  ///< one direction, attainable
  double step_s = 3e-6;    ///< of one message in a ring; NCCL's smallest
};

struct MeasuredTypeOptions {
  /// Of all GPUs of the machine; 0: as the GPU's data sheet says.
  double memory_bytes = 0;
  double nic_bytes_per_s = 10e9;
  double disk_bytes_per_s = 1e9;
  /// Context of each sequence that decode_s contains. 0 where context is charged for besides, with
  /// decode_s_per_context_token.
  double context_tokens = kTypicalContextTokens;
  /// Prices collectives that were recorded and not run; without, such a profile is refused.
  std::optional<TensorLink> tensor_link;
};

struct MeasuredType {
  MachineType type;  ///< named "A100-40", or "A100-40x2" of two GPUs
  Evidence evidence = Evidence::kEstimated;
  std::string note;  ///< where the figures are from, and which are not measured
};

/// How a machine serves the layers (the blocks) of a model, from a serving profile of its GPU at
/// the tensor degree of all its GPUs:
/// - prompt_s and decode_s are medians of the blocks, the mean over their kinds as often as each
///   stands in the model; embedding, final norm and head are left out, as in Helix's tables;
/// - decode_s_per_context_token is the slope of t = f(batch) + slope * batch * context, by least
///   squares over all measured (batch, context), at least 0. decode_s at a batch is linear between
///   the measured contexts and goes on with the slope beyond them;
/// - memory: 80 % of the GPUs', less where measured context and workspace need more than 20 %.
///   Layers are at most as many as 60 % of it hold (which for LLaMA-2-70B gives the most layers of
///   Helix's tables for A100, L4 and T4); the KV cache has the rest, less the larger of embedding
///   and head, which a pipeline's ends hold;
/// - a batch has at most as many prompts of kMaxInputTokens, and as many sequences, as were
///   measured, and no more sequences than the KV cache holds typical ones;
/// - the estimate of typical throughput starts from two thirds of the most layers (all, if tight)
///   and from the pace of decode steps at 32 sequences.
///
/// Recorded collectives are priced as a ring or a tree over options.tensor_link (collective_cost.h)
/// and make the evidence estimated. Throws Error(kBadInput) naming the document: without times, of
/// another number of blocks than the model's, with collectives to be priced and no link, of a GPU
/// whose memory nobody states, or whose memory holds no layer.
MeasuredType measured_type(const ServingDocument& document, const ServedModel& model,
                           const MeasuredTypeOptions& options = {});

/// The serving profiles of a model: of a document `serving_profile` or `serving_db`, or of a folder
/// with such (serving_profile_*.json, serving.json) at any depth, by path. Throws
/// Error(kBadInput) where there is none of the model, naming the models that there are.
std::vector<ServingDocument> read_serving_documents(const std::filesystem::path& path,
                                                    const std::string& model);

/// The one with times of this GPU (by any alias) and tensor degree, in half precision if there is
/// one; null where there is none.
const ServingDocument* find_serving_document(const std::vector<ServingDocument>& documents,
                                             std::string_view gpu, int gpus);

}  // namespace sextant
