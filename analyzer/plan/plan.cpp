#include "analyzer/plan/plan.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

int Stage::layer_count() const {
  int count = 0;
  for (const LayerRange& chunk : chunks) count += chunk.size();
  return count;
}

std::vector<GpuUse> gpus_used(const Plan& plan) {
  std::map<std::pair<std::string, std::string>, int> counts;
  for (const Pipeline& pipeline : plan.pipelines) {
    for (const Stage& stage : pipeline.stages) {
      for (const Replica& replica : stage.replicas) {
        for (const Machine& machine : replica.machines) {
          counts[{machine.gpu, machine.zone}] += machine.count;
        }
      }
    }
  }
  std::vector<GpuUse> out;
  for (const auto& [key, count] : counts) out.push_back({key.first, key.second, count});
  return out;
}

int gpu_count(const Plan& plan) {
  int total = 0;
  for (const GpuUse& use : gpus_used(plan)) total += use.count;
  return total;
}

namespace {

void check_layers(const Plan& plan, const Pipeline& pipeline, std::size_t index) {
  // Virtual chunk v of every stage comes before chunk v + 1 of any.
  std::size_t chunks = 0;
  for (const Stage& stage : pipeline.stages) chunks = std::max(chunks, stage.chunks.size());
  int next = 0;
  for (std::size_t v = 0; v < chunks; ++v) {
    for (std::size_t s = 0; s < pipeline.stages.size(); ++s) {
      const Stage& stage = pipeline.stages[s];
      const std::string where = fmt::format("plan: pipeline {} stage {}", index, s);
      if (stage.chunks.size() != chunks) {
        throw_bad_input(fmt::format("{}: has {} virtual chunks, another stage {}", where,
                                    stage.chunks.size(), chunks));
      }
      const LayerRange& range = stage.chunks[v];
      if (range.first != next || range.end <= range.first) {
        throw_bad_input(
            fmt::format("{}: holds layers [{}, {}), expected layers from {} on: layers must be "
                        "covered once and "
                        "in order",
                        where, range.first, range.end, next));
      }
      next = range.end;
    }
  }
  if (next != plan.layer_count) {
    throw_bad_input(fmt::format("plan: pipeline {} ends at layer {}, the model has {}", index, next,
                                plan.layer_count));
  }
}

void check_replicas(const Stage& stage, const std::string& where) {
  if (stage.replicas.empty()) throw_bad_input(where + ": has no replicas");
  for (std::size_t r = 0; r < stage.replicas.size(); ++r) {
    const Replica& replica = stage.replicas[r];
    int gpus = 0;
    for (const Machine& machine : replica.machines) {
      if (machine.count < 1) {
        throw_bad_input(
            fmt::format("{} replica {}: uses {} GPUs of a machine", where, r, machine.count));
      }
      gpus += machine.count;
    }
    if (gpus != replica.tp || replica.tp < 1) {
      throw_bad_input(fmt::format("{} replica {}: tensor degree {} on {} GPUs; they must be equal",
                                  where, r, replica.tp, gpus));
    }
  }
}

}  // namespace

void check(const Plan& plan) {
  if (plan.pipelines.empty()) throw_bad_input("plan: has no pipelines");
  if (plan.layer_count < 1 || plan.global_batch < 1 || plan.microbatch < 1) {
    throw_bad_input(
        fmt::format("plan: {} layers, global batch {}, microbatch {}: each must be at least 1",
                    plan.layer_count, plan.global_batch, plan.microbatch));
  }
  std::int64_t shared = 0;
  bool any_share = false;
  for (std::size_t p = 0; p < plan.pipelines.size(); ++p) {
    const Pipeline& pipeline = plan.pipelines[p];
    if (pipeline.stages.empty()) throw_bad_input(fmt::format("plan: pipeline {} has no stages", p));
    check_layers(plan, pipeline, p);
    for (std::size_t s = 0; s < pipeline.stages.size(); ++s) {
      const std::string where = fmt::format("plan: pipeline {} stage {}", p, s);
      check_replicas(pipeline.stages[s], where);
      std::int64_t stage_shares = 0;
      for (const Replica& replica : pipeline.stages[s].replicas) {
        if (replica.share < 0) throw_bad_input(where + ": a replica has a negative share");
        stage_shares += replica.share;
      }
      any_share = any_share || stage_shares > 0;
      if (s == 0) shared += stage_shares;
    }
  }
  if (any_share) {
    const std::int64_t unit = plan.split == BatchSplit::kSamples ? 1 : plan.microbatch;
    const std::int64_t covered = shared * unit;
    if (covered < plan.global_batch || covered >= plan.global_batch + unit) {
      throw_bad_input(
          fmt::format("plan: the replicas' shares cover {} sequences of a global batch of {}",
                      covered, plan.global_batch));
    }
  }
}

Plan checked(Plan plan, const std::string& file) {
  try {
    check(plan);
  } catch (Error& error) {
    error.in(file);
    throw;
  }
  return plan;
}

namespace {

/// "A100-40 TP1 x3 + V100-16 TP4 x24": replicas counted by what they run on.
std::string replicas_text(const Stage& stage, bool with_zone) {
  std::map<std::tuple<std::string, std::string, int>, int> kinds;
  for (const Replica& replica : stage.replicas) {
    const Machine& first = replica.machines.front();
    ++kinds[{first.gpu, first.zone, replica.tp}];
  }
  std::string text;
  for (const auto& [kind, count] : kinds) {
    const auto& [gpu, zone, tp] = kind;
    text += fmt::format("{}{}{} TP{} x{}", text.empty() ? "" : " + ", gpu,
                        with_zone ? "@" + zone : "", tp, count);
  }
  return text;
}

bool in_several_zones(const Plan& plan) {
  const std::vector<GpuUse> used = gpus_used(plan);
  return std::any_of(used.begin(), used.end(),
                     [&](const GpuUse& use) { return use.zone != used.front().zone; });
}

}  // namespace

std::vector<std::string> replica_texts(const Plan& plan) {
  const bool with_zone = in_several_zones(plan);
  std::vector<std::string> out;
  for (const Pipeline& pipeline : plan.pipelines) {
    for (const Stage& stage : pipeline.stages) out.push_back(replicas_text(stage, with_zone));
  }
  return out;
}

std::string summary(const Plan& plan) {
  const std::vector<std::string> replicas = replica_texts(plan);
  std::vector<std::pair<std::string, int>> kinds;  // of pipelines, with how many there are
  std::size_t next = 0;
  for (const Pipeline& pipeline : plan.pipelines) {
    std::string stages;
    for (const Stage& stage : pipeline.stages) {
      stages += fmt::format("{}{} layers {}", stages.empty() ? "" : " | ", stage.layer_count(),
                            replicas[next++]);
    }
    const auto same = std::find_if(kinds.begin(), kinds.end(),
                                   [&](const auto& kind) { return kind.first == stages; });
    if (same == kinds.end()) {
      kinds.emplace_back(std::move(stages), 1);
    } else {
      ++same->second;
    }
  }
  std::string text = fmt::format("b{}: ", plan.microbatch);
  for (const auto& [stages, count] : kinds) {
    if (&stages != &kinds.front().first) text += " || ";
    text += count == 1 ? stages : fmt::format("{} pipelines of {}", count, stages);
  }
  return text;
}

}  // namespace sextant
