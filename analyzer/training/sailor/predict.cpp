#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "analyzer/training/gpu_usd.h"
#include "analyzer/training/plan_checks.h"
#include "analyzer/training/sailor/model.h"

namespace sextant::sailor {

namespace {

/// Replicas that cost the same.
struct Kind {
  const Machine* machine = nullptr;  ///< the first of the replica's machines
  int tp = 1;
  const GpuPool* pool = nullptr;
  const ProfilePoint* point = nullptr;  ///< null until require_times() where there is none
};

/// The plan with equal replicas folded together.
struct StageView {
  int first = 0;
  int end = 0;
  std::vector<int> kind_of;  ///< by replica
};

std::string memory_note(int number, const StagePrediction& stage) {
  return fmt::format("stage {} needs {} of {}", number, format_gib(stage.peak_memory_bytes),
                     format_gib(stage.memory_capacity_bytes));
}

class PlanCost {
 public:
  PlanCost(const TrainingProblem& problem, const Plan& plan, const Switches& switches)
      : problem_(problem),
        plan_(plan),
        switches_(switches),
        layers_(unsharded_layers(problem.profile)) {}

  Prediction predict();

 private:
  int kind_of(const Replica& replica);
  LinkEnd end_of(int kind, bool single) const;
  const LinkModel& link(int from, int to, bool single);
  double transfer(int from, int to, double bytes) {
    return link(from, to, false).transfer_s(bytes);
  }
  const Kind& kind(int k) const { return kinds_[static_cast<std::size_t>(k)]; }
  double tensor_all_reduces_s(const StageView& stage, const Kind& kind) const;
  double slowest_transfer(const StageView& from, const StageView& to, double bytes);
  double weight_bytes(const StageView& stage) const;
  double output_bytes(int layer) const {
    return layers_.output_bytes[static_cast<std::size_t>(layer)] * plan_.microbatch;
  }
  double egress(int from, int to) const;

  StagePrediction stage_cost(const std::vector<StageView>& stages, std::size_t s);
  double stage_sync_s(const StageView& stage);
  /// Of that stage of any pipeline: the published check counts those of the first pipeline for all.
  int stages_behind(std::size_t stage) const {
    return static_cast<int>(pipelines_.front().size()) - 1 - static_cast<int>(stage);
  }
  void stage_memory(const StageView& stage, int behind, StagePrediction& out) const;
  double egress_usd(const std::vector<StageView>& stages, int microbatches) const;
  std::vector<StageView> view_of(const Pipeline& pipeline);
  void require_times() const;
  void add_pipeline(const std::vector<StageView>& stages, int microbatches, Prediction& out);
  double sync_between_pipelines();

  const TrainingProblem& problem_;
  const Plan& plan_;
  const Switches& switches_;
  Layers layers_;
  std::vector<Kind> kinds_;
  std::map<std::tuple<int, int, bool>, LinkModel> links_;
  std::vector<std::vector<StageView>> pipelines_;
};

int PlanCost::kind_of(const Replica& replica) {
  const Machine& machine = replica.machines.front();
  for (std::size_t k = 0; k < kinds_.size(); ++k) {
    const Kind& kind = kinds_[k];
    if (kind.tp == replica.tp && kind.machine->count == machine.count &&
        kind.machine->gpu == machine.gpu && kind.machine->zone == machine.zone) {
      return static_cast<int>(k);
    }
  }
  Kind kind{&machine, replica.tp, &pool_used(problem_.cluster, machine.gpu, machine.zone), nullptr};
  kind.point = problem_.profile.find(machine.gpu, replica.tp, plan_.microbatch);
  kinds_.push_back(kind);
  return static_cast<int>(kinds_.size()) - 1;
}

LinkEnd PlanCost::end_of(int kind, bool single) const {
  const Kind& k = kinds_[static_cast<std::size_t>(kind)];
  return {k.machine->zone, k.machine->gpu, single ? 1 : std::min(k.tp, k.machine->count)};
}

const LinkModel& PlanCost::link(int from, int to, bool single) {
  const auto key = std::make_tuple(from, to, single);
  auto found = links_.find(key);
  if (found == links_.end()) {
    found = links_
                .emplace(key, problem_.cluster.network->between(end_of(from, single),
                                                                end_of(to, single)))
                .first;
  }
  return found->second;
}

double PlanCost::slowest_transfer(const StageView& from, const StageView& to, double bytes) {
  double slowest = 0;
  int last_from = -1;
  int last_to = -1;
  for (std::size_t r = 0; r < from.kind_of.size(); ++r) {
    const int a = from.kind_of[r];
    const int b = to.kind_of[r % to.kind_of.size()];
    if (a == last_from && b == last_to) continue;
    last_from = a;
    last_to = b;
    slowest = std::max(slowest, transfer(a, b, bytes));
  }
  return slowest;
}

/// Of one microbatch, as if every GPU of the replica were on a machine of its own.
double PlanCost::tensor_all_reduces_s(const StageView& stage, const Kind& kind) const {
  const ModelDescription* model = problem_.model;
  if (model == nullptr) {
    throw_bad_input("estimator sailor: tensor-parallel all-reduces need the model's description");
  }
  constexpr int kOfEmbedding = 2;
  constexpr int kOfBlock = 4;
  // The published code counts transformer blocks where it means layers with embedding and head, so
  // that it finds none in the last blocks.
  int all_reduces = 0;
  for (int l = stage.first; l < std::min(stage.end, model->layers - 1); ++l) {
    all_reduces += l == 0 ? kOfEmbedding : kOfBlock;
  }
  const LinkEnd node = {kind.machine->zone, kind.machine->gpu, kind.pool->gpus_per_node};
  // What a block puts out has the size of what its tensor-parallel ranks sum up.
  const double bytes = output_bytes(1);
  return all_reduces * 2.0 * (kind.tp - 1) *
         problem_.cluster.network->between(node, node).transfer_s(bytes / kind.tp);
}

double PlanCost::weight_bytes(const StageView& stage) const {
  double sum = 0;
  for (int l = stage.first; l < stage.end; ++l) {
    sum += layers_.parameter_bytes[static_cast<std::size_t>(l)];
  }
  return sum;
}

double PlanCost::egress(int from, int to) const {
  return problem_.cluster.egress(kinds_[static_cast<std::size_t>(from)].machine->zone,
                                 kinds_[static_cast<std::size_t>(to)].machine->zone);
}

double PlanCost::stage_sync_s(const StageView& stage) {
  const auto replicas = static_cast<int>(stage.kind_of.size());
  int least_tp = kLargestDegreeInSync;
  for (const int kind : stage.kind_of) {
    least_tp = std::min(least_tp, kinds_[static_cast<std::size_t>(kind)].tp);
  }
  const double bytes = weight_bytes(stage) / least_tp;
  double slowest = 0;
  int last_a = -1;
  int last_b = -1;
  for (std::size_t j = 0; j + 1 < stage.kind_of.size(); ++j) {  // without the pair D-1 -> 0
    const int a = stage.kind_of[j];
    const int b = stage.kind_of[j + 1];
    if (a == last_a && b == last_b) continue;
    last_a = a;
    last_b = b;
    slowest = std::max(slowest, all_reduce(link(a, b, true), bytes, replicas).total_s());
  }
  return slowest;
}

void PlanCost::stage_memory(const StageView& stage, int behind, StagePrediction& out) const {
  double fullest = -1;
  int last = -1;
  for (const int k : stage.kind_of) {
    if (k == last) continue;
    last = k;
    const Kind& kind = kinds_[static_cast<std::size_t>(k)];
    const std::vector<LayerMemory>& memory = problem_.profile.memory_at(kind.tp);
    double parameters = 0;
    double activations = 0;
    for (int l = stage.first; l < stage.end; ++l) {
      parameters += memory[static_cast<std::size_t>(l)].parameter_bytes;
      activations += memory[static_cast<std::size_t>(l)].saved_activation_bytes;
    }
    const double need = parameters * state_factor(problem_.job) +
                        activations * plan_.microbatch * (behind + 1) +
                        switches_.allowance.value_or(allowance_bytes(kind.tp));
    if (need / kind.pool->memory_bytes > fullest) {
      fullest = need / kind.pool->memory_bytes;
      out.peak_memory_bytes = need;
      out.memory_bound_bytes = need;
      out.memory_capacity_bytes = kind.pool->memory_bytes;
    }
  }
}

StagePrediction PlanCost::stage_cost(const std::vector<StageView>& stages, std::size_t s) {
  const StageView& stage = stages[s];
  StagePrediction out;
  int last = -1;
  for (const int k : stage.kind_of) {
    if (k == last) continue;
    last = k;
    const std::vector<LayerTime>& times = kinds_[static_cast<std::size_t>(k)].point->layers;
    double compute = 0;
    double update = 0;
    for (int l = stage.first; l < stage.end; ++l) {
      const LayerTime& time = times[static_cast<std::size_t>(l)];
      compute += time.forward_s + time.backward_s;
      update += time.update_s;
    }
    if (switches_.drops_compute_of_tensor_parallel_replicas && kind(k).tp > 1) {
      compute = tensor_all_reduces_s(stage, kind(k));
    }
    if (problem_.profile.update_is_whole_step) {
      update = times[static_cast<std::size_t>(stage.first)].update_s;
    }
    out.compute_s = std::max(out.compute_s, compute);
    out.update_s = std::max(out.update_s, update);
  }
  const SeparableCosts::Weights weights =
      place_weights(static_cast<int>(s), static_cast<int>(stages.size()));
  if (weights.forward > 0) {
    out.transfer_s +=
        weights.forward * slowest_transfer(stage, stages[s + 1], output_bytes(stage.end - 1));
  }
  if (weights.backward > 0) {
    // The published quirk: the gradient has the size of this stage's first output, not its input.
    out.transfer_s +=
        weights.backward * slowest_transfer(stage, stages[s - 1], output_bytes(stage.first));
  }
  out.sync_s = stage_sync_s(stage);
  stage_memory(stage, stages_behind(s), out);
  return out;
}

double PlanCost::egress_usd(const std::vector<StageView>& stages, int microbatches) const {
  double usd = 0;
  for (std::size_t s = 0; s < stages.size(); ++s) {
    const std::vector<int>& here = stages[s].kind_of;
    const auto replicas = static_cast<double>(here.size());
    for (std::size_t j = 0; j < here.size(); ++j) {
      usd += egress(here[j], here[(j + 1) % here.size()]) * weight_bytes(stages[s]) / replicas * 2 *
             (replicas - 1);
      if (s + 1 < stages.size()) {
        const std::vector<int>& next = stages[s + 1].kind_of;
        usd +=
            microbatches * output_bytes(stages[s].end - 1) * egress(here[j], next[j % next.size()]);
      }
      if (s > 0) {
        const std::vector<int>& previous = stages[s - 1].kind_of;
        usd += microbatches * output_bytes(stages[s - 1].end - 1) *
               egress(here[j], previous[j % previous.size()]);
      }
    }
  }
  return usd;
}

std::vector<StageView> PlanCost::view_of(const Pipeline& pipeline) {
  std::vector<StageView> stages;
  for (const Stage& stage : pipeline.stages) {
    if (stage.chunks.size() != 1) {
      throw_bad_input("estimator sailor: does not model virtual chunks");
    }
    StageView& view = stages.emplace_back();
    view.first = stage.chunks[0].first;
    view.end = stage.chunks[0].end;
    for (const Replica& replica : stage.replicas) view.kind_of.push_back(kind_of(replica));
  }
  return stages;
}

/// The published evaluation looks at memory before it looks up times, so that plans whose
/// microbatch nobody could profile are found not to fit.
void PlanCost::require_times() const {
  const auto untimed = std::find_if(kinds_.begin(), kinds_.end(),
                                    [](const Kind& kind) { return kind.point == nullptr; });
  if (untimed == kinds_.end()) return;
  int number = 0;
  for (const std::vector<StageView>& stages : pipelines_) {
    for (std::size_t s = 0; s < stages.size(); ++s, ++number) {
      StagePrediction stage;
      stage_memory(stages[s], stages_behind(s), stage);
      if (stage.peak_memory_bytes > stage.memory_capacity_bytes) {
        throw_infeasible(memory_note(number, stage));
      }
    }
  }
  problem_.profile.at(untimed->machine->gpu, untimed->tp, plan_.microbatch);  // throws
}

void PlanCost::add_pipeline(const std::vector<StageView>& stages, int microbatches,
                            Prediction& out) {
  Prediction here;
  double slowest = -1;
  for (std::size_t s = 0; s < stages.size(); ++s) {
    const StagePrediction stage = stage_cost(stages, s);
    const double turn = stage.compute_s + stage.transfer_s;
    if (turn > slowest) {
      slowest = turn;
      here.slowest_stage = static_cast<int>(out.stages.size());
    }
    here.fill_s += turn;
    here.update_s = std::max(here.update_s, stage.update_s);
    here.sync_s = std::max(here.sync_s, stage.sync_s);
    if (stage.peak_memory_bytes > stage.memory_capacity_bytes && out.fits) {
      out.fits = false;
      out.memory_note = memory_note(static_cast<int>(out.stages.size()), stage);
    }
    out.peak_memory_bytes = std::max(out.peak_memory_bytes, stage.peak_memory_bytes);
    out.memory_bound_bytes = out.peak_memory_bytes;
    out.stages.push_back(stage);
  }
  here.steady_s = (microbatches - 1) * slowest;
  here.pipeline_s = here.steady_s + here.fill_s + here.update_s;
  out.sync_s = std::max(out.sync_s, here.sync_s);
  if (here.pipeline_s > out.pipeline_s) {
    out.pipeline_s = here.pipeline_s;
    out.steady_s = here.steady_s;
    out.fill_s = here.fill_s;
    out.update_s = here.update_s;
    out.slowest_stage = here.slowest_stage;
  }
  out.egress_usd += egress_usd(stages, microbatches);
}

double PlanCost::sync_between_pipelines() {
  const auto longest =
      std::max_element(pipelines_.begin(), pipelines_.end(),
                       [](const auto& a, const auto& b) { return a.size() < b.size(); });
  double slowest = 0;
  for (const StageView& stage : *longest) {
    // Two quirks of the published model: whole weights at every tensor degree, and all pipelines
    // taken for copies of the longest, whose own GPU type is at both ends.
    const int kind = stage.kind_of.front();
    slowest = std::max(slowest, all_reduce(link(kind, kind, true), weight_bytes(stage),
                                           static_cast<int>(pipelines_.size()))
                                    .total_s());
  }
  return slowest;
}

Prediction PlanCost::predict() {
  require_layers_of(problem_.profile, plan_);
  Prediction out;
  out.microbatches = microbatches_of(plan_);
  for (const Pipeline& pipeline : plan_.pipelines) pipelines_.push_back(view_of(pipeline));
  require_times();
  for (const std::vector<StageView>& stages : pipelines_) {
    add_pipeline(stages, out.microbatches, out);
  }
  if (pipelines_.size() > 1) out.sync_s += sync_between_pipelines();
  out.iteration_s = out.pipeline_s + out.sync_s;
  out.interval = {out.iteration_s, out.iteration_s, out.iteration_s, false};
  if (!(out.iteration_s > 0) || !std::isfinite(out.iteration_s)) {
    throw_bad_input(
        fmt::format("estimator sailor: predicts {} s an iteration: the network's model is used "
                    "outside its range",
                    out.iteration_s));
  }
  out.compute_usd = gpu_usd(problem_.cluster, plan_, out.iteration_s);
  return out;
}

}  // namespace

Prediction predict(const TrainingProblem& problem, const Plan& plan, const Switches& switches) {
  return PlanCost(problem, plan, switches).predict();
}

}  // namespace sextant::sailor
