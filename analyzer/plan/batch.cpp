#include "analyzer/plan/batch.h"

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

bool has_shares(const Plan& plan) {
  for (const Pipeline& pipeline : plan.pipelines) {
    for (const Replica& replica : pipeline.stages.front().replicas) {
      if (replica.share > 0) return true;
    }
  }
  return false;
}

int whole_microbatches(int samples, int microbatch, const std::string& what) {
  if (samples % microbatch != 0) {
    throw_bad_input(
        fmt::format("{} of {} samples is not made of whole microbatches of {}; run_plan has layers "
                    "of one size",
                    what, samples, microbatch));
  }
  return samples / microbatch;
}

void check_stages_agree(const Pipeline& pipeline, std::size_t number) {
  const std::vector<Replica>& first = pipeline.stages.front().replicas;
  for (std::size_t s = 1; s < pipeline.stages.size(); ++s) {
    const std::vector<Replica>& replicas = pipeline.stages[s].replicas;
    for (std::size_t r = 0; r < std::min(first.size(), replicas.size()); ++r) {
      // Stages may leave their shares to the first.
      if (replicas[r].share == 0 || replicas[r].share == first[r].share) continue;
      throw_bad_input(fmt::format(
          "plan: pipeline {} replica {}: has a share of {} in stage 0 and {} in stage {}; run_plan "
          "needs equal ones, since the replica passes its microbatches on",
          number, r, first[r].share, replicas[r].share, s));
    }
  }
}

}  // namespace

std::vector<std::vector<ReplicaBatch>> split_batch(const Plan& plan) {
  const bool shared = has_shares(plan);
  int replicas = 0;
  for (const Pipeline& pipeline : plan.pipelines) {
    replicas += static_cast<int>(pipeline.stages.front().replicas.size());
  }
  const int all = whole_microbatches(plan.global_batch, plan.microbatch, "plan: a global batch");
  std::vector<std::vector<ReplicaBatch>> out;
  int next_sample = 0;
  int number = 0;
  for (std::size_t p = 0; p < plan.pipelines.size(); ++p) {
    if (shared) check_stages_agree(plan.pipelines[p], p);
    std::vector<ReplicaBatch>& batches = out.emplace_back();
    for (const Replica& replica : plan.pipelines[p].stages.front().replicas) {
      const std::string where =
          fmt::format("plan: pipeline {} replica {}: a share", p, batches.size());
      int microbatches = all / replicas + (number < all % replicas ? 1 : 0);
      if (shared) {
        microbatches = plan.split == BatchSplit::kSamples
                           ? whole_microbatches(replica.share, plan.microbatch, where)
                           : replica.share;
      }
      if (microbatches < 1) {
        throw_bad_input(
            fmt::format("plan: pipeline {} replica {}: has no microbatch", p, batches.size()));
      }
      batches.push_back({next_sample, microbatches});
      next_sample += microbatches * plan.microbatch;
      ++number;
    }
  }
  return out;
}

}  // namespace sextant
