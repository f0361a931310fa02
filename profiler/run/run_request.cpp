#include "profiler/run/run_request.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/core/json_document.h"
#include "analyzer/model/zoo.h"
#include "analyzer/plan/schedule.h"
#include "profiler/run/batch.h"

namespace sextant::profiler {

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

std::string name_of(const RunOptions& options, std::size_t number) {
  return options.names.empty() ? options.plans[number].stem().string() : options.names[number];
}

/// "main/N8_D2" -> main/N8_D2.json: sets of runs have folders.
std::filesystem::path document_name(std::string_view name) {
  std::filesystem::path path;
  while (true) {
    const std::size_t slash = name.find('/');
    const std::string part = safe_file_name(name.substr(0, slash));
    if (slash == std::string_view::npos) return path / (part + ".json");
    path /= part;
    name.remove_prefix(slash + 1);
  }
}

void check_options(const RunOptions& options) {
  const std::size_t plans = options.plans.size();
  if (!options.names.empty() && options.names.size() != plans) {
    throw_usage(fmt::format("--name is given {} times, --plan {} times; name each plan or none",
                            options.names.size(), plans));
  }
  std::set<std::string> names;
  for (std::size_t i = 0; i < plans; ++i) {
    if (!names.insert(name_of(options, i)).second) {
      throw_usage(fmt::format("two plans have the name {}; tell them apart with --name",
                              quote(name_of(options, i))));
    }
  }
  if (plans > 1 && options.output.extension() == ".json") {
    throw_usage(fmt::format("-o {}: {} plans need a directory for their documents",
                            options.output.string(), plans));
  }
}

}  // namespace

int RunRequest::ranks() const {
  int most = 0;
  for (const PlanToRun& plan : plans) most = std::max(most, plan.ranks());
  return most;
}

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

RunRequest load_request(const RunOptions& options) {
  check_options(options);
  RunRequest request;
  request.options = options;
  request.job = read_job(options.job.string());
  request.model = request.job.described ? *request.job.described
                                        : model_named(request.job.model, options.job.parent_path());
  if (request.job.seq_len == 0) request.job.seq_len = request.model.seq_len;
  for (std::size_t i = 0; i < options.plans.size(); ++i) {
    const JsonDocument document = JsonDocument::read(options.plans[i]);
    PlanToRun plan;
    plan.name = name_of(options, i);
    plan.plan = plan_from_json(document.root_of_kind("plan", 1));
    try {
      check_runnable(plan.plan, request.job, request.model);
    } catch (Error& error) {
      throw std::move(error.in(options.plans[i].string()));
    }
    plan.document = options.output.extension() == ".json"
                        ? options.output
                        : options.output / document_name(plan.name);
    request.plans.push_back(std::move(plan));
  }
  return request;
}

}  // namespace sextant::profiler
