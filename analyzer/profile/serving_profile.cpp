#include "analyzer/profile/serving_profile.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"

namespace sextant {

ServingKey serving_key(const ProfileKey& key) {
  return {key.model, key.gpu, key.variant, key.dtype, key.tp};
}

std::string ServingKey::text() const {
  return fmt::format("{} on {}, {}, tp {}", quote(model), quote(gpu), variant, tp);
}

ServingLimits ServingDocument::limits() const {
  ServingLimits limits;
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    ServingLimits of_kind;
    for (const PrefillTime& point : kinds[k].prefill) {
      of_kind.prefill_tokens = std::max(of_kind.prefill_tokens, point.tokens);
    }
    for (const DecodeTime& point : kinds[k].decode) {
      of_kind.decode_batch = std::max(of_kind.decode_batch, point.batch);
      of_kind.decode_context = std::max(of_kind.decode_context, point.context);
    }
    if (k == 0) {
      limits = of_kind;
      continue;
    }
    limits.prefill_tokens = std::min(limits.prefill_tokens, of_kind.prefill_tokens);
    limits.decode_batch = std::min(limits.decode_batch, of_kind.decode_batch);
    limits.decode_context = std::min(limits.decode_context, of_kind.decode_context);
  }
  return limits;
}

double ServingDocument::weight_bytes() const {
  double total = 0;
  for (const LayerRun& run : sequence) {
    total += run.count * kinds[static_cast<std::size_t>(run.kind)].weight_bytes;
  }
  return total;
}

double ServingDocument::kv_bytes_per_token() const {
  double total = 0;
  for (const LayerRun& run : sequence) {
    total += run.count * kinds[static_cast<std::size_t>(run.kind)].kv_bytes_per_token;
  }
  return total;
}

std::string serving_file_name(const ServingKey& key) {
  return fmt::format("{}/serving_profile_{}_{}_{}.json", safe_file_name(key.variant),
                     safe_file_name(key.model), safe_file_name(key.gpu), key.tp);
}

}  // namespace sextant
