#pragma once

#include <string_view>
#include <vector>

namespace sextant {

/// How a training framework moves data: what the time and memory of a plan depend on beside the
/// plan. Named by Job::framework.
struct Framework {
  std::string_view name;

  enum class Sends {
    kOverlapped,  ///< a send takes nothing from the sender; the receiver waits for what is not
                  ///< there
    kBlocking,    ///< a send stops the sender for as long as it takes
  };
  Sends sends = Sends::kOverlapped;
  /// An activation leaves only after the gradient that the next computation needs has come, since
  /// both go through one stream (DeepSpeed's pipeline instructions: RecvGrad, then SendActivation).
  bool gradient_before_activation = false;
  /// Ranks of a tensor-parallel group send a share each and gather it at the other end, instead of
  /// each the whole message.
  bool partitions_messages = false;
  /// The optimizer waits for all ranks, since it clips by the norm of all gradients.
  bool waits_before_update = false;
  /// Gradients are exchanged while backward runs, bucket by bucket, instead of after it.
  bool overlaps_sync = false;
  double bucket_bytes = 0;  ///< of gradients exchanged at once; 0 = all together
  /// Bytes of a parameter that the framework holds beside weight, gradient and optimizer state,
  /// per byte of the weight: copies, flat communication buffers.
  double extra_state_per_weight = 0;
  /// What a process of it holds beside tensors where nobody calibrated the site
  /// (Calibration::process_bytes).
  double process_bytes = 1.5e9;
  std::string_view source;
};

/// All that are known: sextant (run_plan), deepspeed, sailor, megatron, megatron-overlap.
const std::vector<Framework>& frameworks();
/// Throws Error(kBadInput) naming those there are.
const Framework& framework_named(std::string_view name);

}  // namespace sextant
