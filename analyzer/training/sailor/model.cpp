#include "analyzer/training/sailor/model.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace sextant::sailor {

namespace {

/// Bytes a parameter costs during training beside activations (specification §c.3): Adam states 8,
/// fp32 model 4, gradient 4, communication buffer 4, DeepSpeed's copy 4; SGD has no second moment.
constexpr double kAdamBytesPerParameter = 24;
constexpr double kSgdBytesPerParameter = 20;
/// Allowance for everything else in the fit check.
constexpr double kFixedBytesTp1 = 2.0e9;
constexpr double kFixedBytesTpMore = 3.0e9;
/// All-reduce bucket. DeepSpeed's constant counts elements; the simulator takes it as bytes.
constexpr double kBucketBytes = 5e8;

}  // namespace

Layers unsharded_layers(const ModelProfile& profile) {
  Layers out;
  for (const LayerMemory& layer : profile.memory_at(1)) {
    out.output_bytes.push_back(layer.output_bytes);
    out.parameter_bytes.push_back(layer.parameter_bytes);
  }
  return out;
}

double state_factor(const Job& job) {
  const double per_parameter =
      job.optimizer == Optimizer::kAdam ? kAdamBytesPerParameter : kSgdBytesPerParameter;
  return per_parameter / element_bytes(job.dtype);
}

double allowance_bytes(int tp) {
  return tp == 1 ? kFixedBytesTp1 : kFixedBytesTpMore;
}

AllReduce all_reduce(const LinkModel& link, double bytes, int replicas) {
  const double steps = 2.0 * (replicas - 1);
  const double whole = std::floor(bytes / kBucketBytes);
  const double rest = bytes - whole * kBucketBytes;
  AllReduce out;
  if (whole > 0) out.full_buckets_s = whole * steps * link.transfer_s(kBucketBytes / replicas);
  if (rest > 0) out.last_bucket_s = steps * link.transfer_s(rest / replicas);
  return out;
}

SeparableCosts::Weights place_weights(int stage, int stages) {
  // §c.2: one pass each way in the middle, both counted at the ends but for short pipelines.
  if (stages == 1) return {0, 0};
  if (stage == stages - 1) return {0, 2};
  if (stage == 0) return {stages <= 3 ? 1.0 : 2.0, 0};
  return {1, 1};
}

int microbatches_of(const Plan& plan) {
  int largest_share = 0;
  std::int64_t replicas = 0;
  for (const Pipeline& pipeline : plan.pipelines) {
    // The published model takes the first stage's degree for the whole pipeline.
    replicas += static_cast<std::int64_t>(pipeline.stages.front().replicas.size());
    for (const Replica& replica : pipeline.stages.front().replicas) {
      largest_share = std::max(largest_share, replica.share);
    }
  }
  const auto ceil_div = [](std::int64_t a, std::int64_t b) {
    return static_cast<int>((a + b - 1) / b);
  };
  if (largest_share == 0) return ceil_div(plan.global_batch, plan.microbatch * replicas);
  return plan.split == BatchSplit::kSamples ? ceil_div(largest_share, plan.microbatch)
                                            : largest_share;
}

}  // namespace sextant::sailor
