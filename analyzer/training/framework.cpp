#include "analyzer/training/framework.h"

#include <string>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

/// Median of what Sailor's published runs on GH200 nodes measured above their tensors (sextant
/// reproduce sailor fig5a); its mixed older nodes had 2.9e9.
constexpr double kSailorProcessBytes = 4.6e9;

}  // namespace

const std::vector<Framework>& frameworks() {
  static const std::vector<Framework> all = {
      {.name = "sextant",
       .source = "profiler/run: sends do not block, gradients are summed after the last backward"},
      {.name = "deepspeed",
       .sends = Framework::Sends::kBlocking,
       .gradient_before_activation = true,
       .partitions_messages = true,
       .waits_before_update = true,
       .bucket_bytes = 5e8 * 4,
       .extra_state_per_weight = 2,
       .process_bytes = kSailorProcessBytes,
       .source = "DeepSpeed's runtime/pipe: one stream, PartitionedTensor between stages, "
                 "reduce_bucket_size 5e8 elements; a flat copy of fp32 weights and a "
                 "communication buffer (Sailor's constants.py: 24 bytes a parameter)"},
      {.name = "sailor",
       .sends = Framework::Sends::kBlocking,
       .gradient_before_activation = true,
       .partitions_messages = false,
       .waits_before_update = true,
       .bucket_bytes = 5e8 * 4,
       .extra_state_per_weight = 2,
       .source =
           "Sailor's changed DeepSpeed (SOSP'25 artifact): as deepspeed, but every rank sends "
           "its peers the whole tensor, so that neighbouring stages may differ in degree"},
      {.name = "megatron",
       .sends = Framework::Sends::kBlocking,
       .partitions_messages = true,
       .waits_before_update = true,
       .source = "Megatron-LM: batched isend and irecv, waited for; scatter-gather of messages "
                 "(Narayanan et al. 2021, section 4.1)"},
      {.name = "megatron-overlap",
       .sends = Framework::Sends::kOverlapped,
       .partitions_messages = true,
       .waits_before_update = true,
       .overlaps_sync = true,
       .bucket_bytes = 40e6 * 4,
       .source = "Megatron-LM with --overlap-grad-reduce and --overlap-p2p-communication; buckets "
                 "of 40 million fp32 gradients"},
  };
  return all;
}

const Framework& framework_named(std::string_view name) {
  std::string known;
  for (const Framework& framework : frameworks()) {
    if (framework.name == name) return framework;
    known += fmt::format(" {}", framework.name);
  }
  throw_bad_input(fmt::format("no framework {}; there are:{}", quote(name), known));
}

}  // namespace sextant
