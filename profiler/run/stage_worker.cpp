#include "profiler/run/stage_worker.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "analyzer/plan/runnable.h"
#include "profiler/model/parameters.h"

namespace sextant::profiler {

namespace {

const Stage& stage_of(const Plan& plan, const RankPlace& place) {
  return plan.pipelines[static_cast<std::size_t>(place.pipeline)]
      .stages[static_cast<std::size_t>(place.stage)];
}

LayerSetup layer_setup(const StageWorker::Setting& setting, WeightGradients& later) {
  Collectives& tensor = setting.world.tensor();
  LayerSetup setup{setting.request.model,
                   layer_options(setting.plan.plan, setting.request.job, tensor.size()),
                   setting.device, tensor};
  if (setting.plan.plan.schedule == ScheduleKind::kZeroBubbleH1) setup.later = &later;
  return setup;
}

Optimizer optimizer_of(const Job& job) {
  return job.optimizer == sextant::Optimizer::kSgd ? Optimizer::kSgd : Optimizer::kAdamW;
}

}  // namespace

StageWorker::StageWorker(const Setting& setting)
    : setting_(setting),
      place_(setting.layout.place(setting.rank)),
      stage_(place_.stage),
      scale_(loss_scale(setting.request.job.dtype)),
      model_(stage_of(setting.plan.plan, place_), layer_setup(setting, later_),
             optimizer_of(setting.request.job)),
      pending_(setting.device) {
  const Plan& plan = setting_.plan.plan;
  stages_ =
      static_cast<int>(plan.pipelines[static_cast<std::size_t>(place_.pipeline)].stages.size());
  chunks_ = static_cast<int>(stage_of(plan, place_).chunks.size());
  batch_ = split_batch(
      plan)[static_cast<std::size_t>(place_.pipeline)][static_cast<std::size_t>(place_.replica)];
  program_ = stage_program(plan.schedule, stage_, stages_, batch_.microbatches, chunks_);
  weight_ = static_cast<double>(plan.microbatch) / plan.global_batch;
  open_links();
}

void StageWorker::open_links() {
  const LayerOptions options =
      layer_options(setting_.plan.plan, setting_.request.job, setting_.world.tensor().size());
  std::int64_t tokens = std::int64_t{1} * options.microbatch * options.seq_len;
  if (options.sequence_parallel) tokens /= options.tp;
  const std::vector<std::int64_t> shape = {tokens, setting_.request.model.hidden};
  const at::TensorOptions type =
      at::TensorOptions(scalar_type(options.dtype)).device(setting_.device);
  PlanWorld& world = setting_.world;
  activations_out_.emplace(world.activations_out(), pending_);
  gradients_out_.emplace(world.gradients_out(), pending_);
  if (world.activations_in()) activations_in_.emplace(world.activations_in(), shape, type);
  if (world.gradients_in()) gradients_in_.emplace(world.gradients_in(), shape, type);
  for (const Task& task : program_) {
    if (task.work != Work::kForward) continue;
    if (!is_first(task)) ++activations_due_;
    if (!is_last(task)) ++gradients_due_;
  }
}

void StageWorker::prepare(int iteration) {
  tokens_.clear();
  if (stage_ != 0 && stage_ != stages_ - 1) return;
  const Plan& plan = setting_.plan.plan;
  for (int m = 0; m < batch_.microbatches; ++m) {
    tokens_.push_back(sample_tokens(iteration, batch_.first_sample + m * plan.microbatch,
                                    plan.microbatch, setting_.request.job.seq_len,
                                    setting_.request.model.vocab, setting_.device));
  }
  loss_ = at::zeros({}, at::TensorOptions(at::kFloat).device(setting_.device));
}

void StageWorker::run() {
  PhaseClock& clock = setting_.clock;
  if (activations_in_) activations_in_->expect(activations_due_);
  if (gradients_in_) gradients_in_->expect(gradients_due_);
  for (const Task& task : program_) {
    if (task.work == Work::kForward) {
      forward(task);
    } else if (task.work == Work::kBackwardWeight) {
      weight_backward(task);
    } else {
      backward(task);
    }
  }
  synchronise();
  clock.enter(Phase::kUpdate);
  model_.update();
  clock.enter(Phase::kSend);
  pending_.finish();
  clock.enter(Phase::kOther);
}

void StageWorker::forward(const Task& task) {
  PhaseClock& clock = setting_.clock;
  const auto microbatch = static_cast<std::size_t>(task.microbatch);
  Kept kept;
  if (is_first(task)) {
    kept.input = tokens_[microbatch].tokens;
  } else {
    clock.enter(Phase::kReceive);
    kept.input = activations_in_->receive().requires_grad_();
  }
  clock.enter(Phase::kForward);
  if (is_last(task)) model_.set_labels(tokens_[microbatch].labels);
  kept.output = model_.forward(static_cast<std::size_t>(task.chunk), kept.input);
  if (is_last(task)) {
    loss_.add_(kept.output.detach(), weight_);
  } else {
    clock.enter(Phase::kSend);
    activations_out_->send(kept.output.detach());
  }
  kept_[{task.microbatch, task.chunk}] = std::move(kept);
  clock.enter(Phase::kOther);
}

void StageWorker::backward(const Task& task) {
  PhaseClock& clock = setting_.clock;
  const auto found = kept_.find({task.microbatch, task.chunk});
  Kept kept = std::move(found->second);
  kept_.erase(found);
  at::Tensor gradient;
  if (is_last(task)) {
    gradient = at::full_like(kept.output, weight_ * scale_);
  } else {
    clock.enter(Phase::kReceive);
    gradient = gradients_in_->receive();
  }
  clock.enter(Phase::kBackward);
  later_.put_off_for({task.microbatch, task.chunk});
  torch::autograd::backward({kept.output}, {gradient});
  kept.output.reset();
  if (!is_first(task)) {
    clock.enter(Phase::kSend);
    gradients_out_->send(kept.input.grad());
  }
  clock.enter(Phase::kOther);
}

void StageWorker::weight_backward(const Task& task) {
  setting_.clock.enter(Phase::kBackward);
  later_.compute({task.microbatch, task.chunk});
  setting_.clock.enter(Phase::kOther);
}

void StageWorker::synchronise() {
  setting_.clock.enter(Phase::kSync);
  const at::NoGradGuard guard;
  PlanWorld& world = setting_.world;
  if (world.replicas() != nullptr) model_.gradients().sum_over(*world.replicas());
  if (world.tied() != nullptr) {
    at::Tensor gradient = model_.table_gradient();
    world.tied()->all_reduce_sum(gradient);
  }
}

double StageWorker::loss() const {
  // Tensor-parallel ranks have the same.
  return loss_.defined() && place_.tp_rank == 0 ? loss_.item<double>() : 0;
}

}  // namespace sextant::profiler
