#include "analyzer/plan/runnable.h"

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/plan/batch.h"
#include "analyzer/plan/schedule.h"

namespace sextant {

namespace {

void check_job(const Plan& plan, const Job& job, const ModelDescription& model) {
  if (plan.model != job.model && plan.model != model.name) {
    throw_bad_input(fmt::format("plan: is for the model {}, the job's is {}", quote(plan.model),
                                quote(model.name)));
  }
  const auto layers = static_cast<int>(layer_sequence(model).size());
  if (plan.layer_count != layers) {
    throw_bad_input(
        fmt::format("plan: has {} layers, the model {} has {} (embedding, blocks, final norm, "
                    "head)",
                    plan.layer_count, quote(model.name), layers));
  }
  if (plan.global_batch != job.global_batch) {
    throw_bad_input(fmt::format("plan: has a global batch of {}, the job of {}", plan.global_batch,
                                job.global_batch));
  }
}

void check_schedule(const Plan& plan) {
  if (plan.schedule == ScheduleKind::kZeroBubbleH1 && plan.recompute) {
    throw_bad_input(
        "plan: schedule zb-h1 with recompute: run_plan cannot part the weights' gradients of a "
        "block that is computed again from its input's");
  }
}

void check_optimizer_state(const Plan& plan) {
  if (plan.zero_stage > 0) {
    throw_bad_input(
        fmt::format("plan: zero_stage {}: run_plan keeps whole optimizer states on every replica "
                    "(zero_stage 0)",
                    plan.zero_stage));
  }
}

void check_stage(const Stage& stage, const std::string& where) {
  for (std::size_t r = 1; r < stage.replicas.size(); ++r) {
    if (stage.replicas[r].tp != stage.replicas[0].tp) {
      throw_bad_input(
          fmt::format("{}: replica 0 has tp {}, replica {} has tp {}; run_plan needs equal ones, "
                      "since ranks sum gradients of equal shards",
                      where, stage.replicas[0].tp, r, stage.replicas[r].tp));
    }
  }
}

void check_neighbours(const Stage& stage, const Stage& next, bool sequence_parallel,
                      const std::string& where) {
  if (stage.replicas.size() != next.replicas.size()) {
    throw_bad_input(
        fmt::format("{}: has {} replicas, the next stage {}; run_plan needs equally "
                    "many",
                    where, stage.replicas.size(), next.replicas.size()));
  }
  const int tp = stage.replicas[0].tp;
  const int next_tp = next.replicas[0].tp;
  if (sequence_parallel && tp != next_tp) {
    throw_bad_input(
        fmt::format("{}: has tp {}, the next stage tp {}; with sequence parallelism run_plan needs "
                    "equal ones, since each rank passes its own tokens on",
                    where, tp, next_tp));
  }
}

std::string place_of(std::size_t pipeline, std::size_t stage) {
  return fmt::format("plan: pipeline {} stage {}", pipeline, stage);
}

void check_place(const Plan& plan, std::size_t p, std::size_t s) {
  const std::vector<Stage>& first = plan.pipelines.front().stages;
  const std::vector<Stage>& stages = plan.pipelines[p].stages;
  if (stages.size() == 1 && stages[0].chunks.size() > 1) {
    throw_bad_input(fmt::format("{}: virtual chunks need at least two stages", place_of(p, 0)));
  }
  check_stage(stages[s], place_of(p, s));
  if (s + 1 < stages.size()) {
    check_neighbours(stages[s], stages[s + 1], plan.sequence_parallel, place_of(p, s));
  }
  const bool alike = s < first.size() && stages.size() == first.size() &&
                     stages[s].chunks == first[s].chunks &&
                     stages[s].replicas[0].tp == first[s].replicas[0].tp;
  if (!alike) {
    throw_bad_input(
        fmt::format("{}: holds other layers than that stage of pipeline 0, or has another tp; "
                    "run_plan needs equal ones, since pipelines sum their gradients",
                    place_of(p, s)));
  }
}

void check_model(const Plan& plan, const Job& job, const ModelDescription& model) {
  const std::vector<Stage>& stages = plan.pipelines.front().stages;
  for (std::size_t s = 0; s < stages.size(); ++s) {
    const int tp = stages[s].replicas[0].tp;
    try {
      for (const LayerKind kind : {LayerKind::kEmbedding, LayerKind::kBlock, LayerKind::kHead}) {
        layer_cost(model, kind, layer_options(plan, job, tp));
      }
    } catch (Error& error) {
      throw std::move(error.in(place_of(0, s)));
    }
    if (plan.sequence_parallel && plan.microbatch * job.seq_len % tp != 0) {
      throw_bad_input(fmt::format("{}: {} tokens of a microbatch do not part into {} tp ranks",
                                  place_of(0, s), plan.microbatch * job.seq_len, tp));
    }
  }
  if (ties_stages(plan, model) && stages.front().replicas[0].tp != stages.back().replicas[0].tp) {
    throw_bad_input(
        fmt::format("plan: the embedding's stage has tp {}, the head's tp {}, and their table is "
                    "one; run_plan needs equal degrees, since they sum its gradient",
                    stages.front().replicas[0].tp, stages.back().replicas[0].tp));
  }
}

}  // namespace

LayerOptions layer_options(const Plan& plan, const Job& job, int tp) {
  LayerOptions options;
  options.tp = tp;
  options.microbatch = plan.microbatch;
  options.seq_len = job.seq_len;
  options.dtype = job.dtype;
  options.recompute = plan.recompute;
  options.sequence_parallel = plan.sequence_parallel;
  return options;
}

bool ties_stages(const Plan& plan, const ModelDescription& model) {
  return model.tied_embeddings && plan.pipelines.front().stages.size() > 1;
}

std::vector<std::string> run_obstacles(const Plan& plan, const Job& job,
                                       const ModelDescription& model) {
  std::vector<std::string> reasons;
  const auto attempt = [&](const auto& check) {
    try {
      check();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kBadInput) throw;
      reasons.emplace_back(error.what());
    }
  };
  attempt([&] { check_job(plan, job, model); });
  attempt([&] { check_schedule(plan); });
  attempt([&] { check_optimizer_state(plan); });
  for (std::size_t p = 0; p < plan.pipelines.size(); ++p) {
    for (std::size_t s = 0; s < plan.pipelines[p].stages.size(); ++s) {
      attempt([&] { check_place(plan, p, s); });
    }
  }
  if (!reasons.empty()) return reasons;  // what follows takes equal pipelines for granted
  attempt([&] { check_model(plan, job, model); });
  attempt([&] {
    const auto batches = split_batch(plan);
    for (std::size_t p = 0; p < batches.size(); ++p) {
      const std::vector<Stage>& stages = plan.pipelines[p].stages;
      for (const ReplicaBatch& batch : batches[p]) {
        // Throws where the schedule cannot do that many.
        stage_program(plan.schedule, 0, static_cast<int>(stages.size()), batch.microbatches,
                      static_cast<int>(stages[0].chunks.size()));
      }
    }
  });
  return reasons;
}

void check_runnable(const Plan& plan, const Job& job, const ModelDescription& model) {
  const std::vector<std::string> reasons = run_obstacles(plan, job, model);
  if (!reasons.empty()) throw_bad_input(reasons.front());
}

}  // namespace sextant
