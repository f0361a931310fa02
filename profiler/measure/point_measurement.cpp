#include "profiler/measure/point_measurement.h"

#include <ATen/ATen.h>
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/time_samples.h"
#include "analyzer/profile/roofline.h"
#include "profiler/measure/step_kernels.h"
#include "profiler/measure/step_log.h"
#include "profiler/measure/step_memory.h"
#include "profiler/measure/training_step.h"
#include "profiler/model/parameters.h"

namespace sextant::profiler {

namespace {

class PointMeasurement {
 public:
  PointMeasurement(const ProfileRequest& request, const GridPoint& point, const RankSetting& rank)
      : request_(request),
        rank_(rank),
        device_(rank.device),
        collectives_(rank.collectives),
        distinct_(distinct_layers(request.model)),
        setup_{request.model, layer_options(request, point), device_.torch_device(), collectives_},
        stack_(make_stack(distinct_.layers, setup_, request.optimizer)),
        batch_(random_batch(setup_)) {}

  PointDocument run() {
    device_.begin_point();
    PointDocument document;
    for (const TrainedLayer& layer : stack_) {
      LayerKindProfile& kind = document.kinds.emplace_back();
      kind.kind = layer.name;
      kind.parameter_bytes = layer.parameter_bytes();
    }
    document.sequence = distinct_.sequence;
    document.collectives_are_timed = rank_.ranks_are_real || collectives_.size() == 1;
    warm_up();
    measure_memory(document);
    measure_time(document);
    if (request_.operators) measure_operators(document);
    if (request_.kernels) measure_kernels(document);
    measure_layers_alone(document);
    document.conditions = device_.conditions();
    return document;
  }

 private:
  std::vector<double> step(StepObserver& observer) {
    return training_step(stack_, batch_, setup_, observer);
  }

  /// Kernels are loaded, libraries tuned and the allocator's pools filled by the first steps.
  void warm_up() {
    constexpr int kSteps = 2;
    StepObserver nobody;
    for (int i = 0; i < kSteps; ++i) step(nobody);
    device_.synchronize();
  }

  LayerKindProfile& kind_named(PointDocument& document, std::string_view name) {
    return *std::find_if(document.kinds.begin(), document.kinds.end(),
                         [&](const LayerKindProfile& kind) { return kind.kind == name; });
  }

  void measure_memory(PointDocument& document) {
    StepMemory memory(device_.memory(), stack_);
    const CollectiveWatch watch(collectives_, [&](std::string_view operation, double bytes) {
      document.kinds[memory.current_layer()].collectives.push_back(
          {std::string(operation), std::string(memory.phase()), bytes});
    });
    const std::vector<double> outputs = step(memory);
    device_.synchronize();
    memory.finish({batch_.tokens, batch_.labels});
    for (std::size_t i = 0; i < stack_.size(); ++i) {
      LayerKindProfile& kind = document.kinds[i];
      const LayerStepMemory& layer = memory.layers()[i];
      kind.input_bytes = i == 0 ? static_cast<double>(batch_.tokens.nbytes()) : outputs[i - 1];
      kind.output_bytes = outputs[i];
      kind.saved_activation_bytes = layer.saved;
      kind.workspace_bytes = std::max(layer.forward_workspace, layer.backward_workspace);
      TrainingMemory& training = kind.training_memory.emplace();
      training.gradient_bytes = stack_[i].gradient_bytes();
      training.optimizer_state_bytes = stack_[i].optimizer.state_bytes();
      training.forward_workspace_bytes = layer.forward_workspace;
      training.backward_workspace_bytes = layer.backward_workspace;
      training.update_workspace_bytes = layer.update_workspace;
    }
    document.process_memory = rank_.process_memory();
    document.process_memory->peak_allocated_bytes = memory.peak_allocated();
    document.memory_basis = "allocator statistics and saved storages of one step";
    saved_ = memory.saved_by_operator();
  }

  /// Steps with clocks inside and without take turns, so that a drift of the device's speed meets
  /// both alike.
  void measure_time(PointDocument& document) {
    StepLog log(device_.clock(), StepLog::Detail::kLayers);
    WholeStep whole(device_.clock());
    std::map<std::pair<std::string, std::string>, std::vector<double>> samples;
    std::vector<double> iterations;
    StoppingCriterion criterion(request_.stopping);
    do {
      sample(log);
      for (const StepSpan& span : log.layer_spans(stack_)) {
        samples[{span.layer, span.phase}].push_back(span.seconds);
      }
      criterion.add(log.whole_s());
      sample(whole);
      iterations.push_back(device_.clock().seconds(0, 1));
    } while (rank_.agreed(criterion.done() ? 0 : 1) > 0);
    for (LayerKindProfile& kind : document.kinds) {
      kind.forward = summarize(samples.at({kind.kind, "forward"}));
      kind.backward = summarize(samples.at({kind.kind, "backward"}));
      kind.update = summarize(samples.at({kind.kind, "update"}));
    }
    document.stopping = criterion.verdict();
    CrossCheck& check = document.cross_check.emplace();
    check.iteration = summarize(iterations);
    for (const LayerKindProfile& kind : document.kinds) {
      check.sum_of_parts_s += kind.forward.median_s + kind.backward.median_s + kind.update.median_s;
    }
  }

  /// Only the ends of a step.
  class WholeStep : public StepObserver {
   public:
    explicit WholeStep(DeviceClock& clock) : clock_(clock) {}
    void step_begins() override {
      clock_.reset();
      clock_.mark();
    }

   private:
    DeviceClock& clock_;
  };

  void sample(StepObserver& observer) {
    device_.begin_sample();
    device_.flush_cache();
    step(observer);
    device_.clock().mark();  // ends a whole step; a log has its own last mark
    device_.end_sample();    // while the device is still at it
    device_.synchronize();
  }

  void measure_operators(PointDocument& document) {
    StepLog log(device_.clock(), StepLog::Detail::kOperators);
    std::map<std::pair<std::string, std::string>, std::map<std::string, std::vector<double>>> times;
    StoppingRule rule = request_.stopping;
    constexpr int kEnough = 5;  // the layers' own times carry the statistics
    rule.min_samples = std::min(rule.min_samples, kEnough);
    rule.time_limit_s /= 4;
    StoppingCriterion criterion(rule);
    bool first = true;
    do {
      sample(log);
      for (const StepSpan& span : log.operator_spans()) {
        times[{span.layer, span.op}][span.phase].push_back(span.seconds);
        if (!first || span.phase != "forward") continue;
        OperatorProfile& profile = kind_named(document, span.layer).operators.emplace_back();
        profile.name = span.op;
        profile.output_bytes = span.output_bytes;
        const auto saved = saved_.find({span.layer, span.op});
        profile.saved_bytes = saved == saved_.end() ? 0 : saved->second;
      }
      first = false;
      criterion.add(log.whole_s());
    } while (rank_.agreed(criterion.done() ? 0 : 1) > 0);
    for (std::size_t i = 0; i < stack_.size(); ++i) {
      for (OperatorProfile& op : document.kinds[i].operators) {
        const auto& phases = times.at({stack_[i].name, op.name});
        op.forward_s = summarize(phases.at("forward")).median_s;
        if (const auto found = phases.find("backward"); found != phases.end()) {
          op.backward_s = summarize(found->second).median_s;
        }
        for (const Parameter& parameter : stack_[i].layer->parameters()) {
          if (parameter.name.starts_with(op.name + ".")) {
            op.parameter_bytes += static_cast<double>(parameter.tensor.nbytes());
          }
        }
      }
    }
  }

  /// Tracing slows launches down, so that it has steps of its own.
  void measure_kernels(PointDocument& document) {
    KernelTrace trace;
    if (!trace.is_running()) {
      document.provenance["kernels"] = trace.problem();
      return;
    }
    StepKernels step_kernels(trace, stack_);
    constexpr int kSteps = 5;  // kernels' times vary little
    for (int i = 0; i < kSteps; ++i) {
      device_.flush_cache();
      step(step_kernels);
      device_.synchronize();
    }
    const KernelReport report =
        summarize_kernels(trace.take(), step_kernels.places(), kernel_references(document));
    for (LayerKindProfile& kind : document.kinds) {
      const auto found = report.layers.find(kind.kind);
      if (found == report.layers.end()) continue;
      kind.kernels = found->second.kernels;
      kind.kernel_summaries = found->second.summaries;
    }
    document.provenance["kernels"] = cupti_library();
  }

  std::map<KernelPhase, PhaseReference> kernel_references(const PointDocument& document) const {
    const std::optional<GpuSpec> gpu = find_gpu(request_.gpu);
    std::map<KernelPhase, PhaseReference> references;
    for (std::size_t i = 0; i < document.kinds.size(); ++i) {
      const LayerKindProfile& kind = document.kinds[i];
      const DistinctLayer& layer = distinct_.layers[i];
      LayerRoofline roofline;
      if (gpu && gpu->peak_flops.contains(request_.dtype)) {
        roofline = layer_roofline(request_.model, layer.kind, setup_.options, *gpu, layer.block);
      }
      references[{kind.kind, "forward"}] = {roofline.forward_s, kind.forward.median_s};
      references[{kind.kind, "backward"}] = {roofline.backward_s, kind.backward.median_s};
      references[{kind.kind, "update"}] = {0, kind.update.median_s};
    }
    return references;
  }

  /// Each layer trained by itself on random activations.
  void measure_layers_alone(PointDocument& document) {
    for (std::size_t i = 0; i < stack_.size(); ++i) {
      LayerKindProfile& kind = document.kinds[i];
      device_.synchronize();
      const double before = device_.memory().allocated();
      device_.memory().reset_peak();
      step_alone(i, document.kinds[i == 0 ? 0 : i - 1].output_bytes);
      device_.synchronize();
      kind.training_memory->alone_peak_bytes =
          device_.memory().peak_allocated() - before + kind.parameter_bytes +
          kind.training_memory->gradient_bytes + kind.training_memory->optimizer_state_bytes;
    }
  }

  void step_alone(std::size_t index, double input_bytes) {
    TrainedLayer& trained = stack_[index];
    at::Tensor input = batch_.tokens;
    if (index > 0) {
      const at::ScalarType type = scalar_type(request_.dtype);
      const std::int64_t hidden = request_.model.hidden;
      const auto rows = static_cast<std::int64_t>(input_bytes) / hidden /
                        static_cast<std::int64_t>(c10::elementSize(type));
      input =
          at::randn({rows, hidden}, at::TensorOptions(type).device(setup_.device)).requires_grad_();
    } else {
      input = input.clone();
    }
    const at::Tensor output = trained.layer->forward(input);
    output.backward(output.dim() == 0 ? at::ones_like(output) : at::randn_like(output));
    trained.optimizer.step();
  }

  const ProfileRequest& request_;
  const RankSetting& rank_;
  Device& device_;
  Collectives& collectives_;
  DistinctLayers distinct_;
  LayerSetup setup_;
  std::vector<TrainedLayer> stack_;
  TrainingBatch batch_;
  std::map<std::pair<std::string, std::string>, double> saved_;
};

}  // namespace

PointDocument measure_point(const ProfileRequest& request, const GridPoint& point,
                            const RankSetting& rank) {
  PointDocument document;
  try {
    document = PointMeasurement(request, point, rank).run();
  } catch (const c10::Error& failure) {
    if (!is_out_of_memory(failure)) throw;
    document.status = PointStatus::kOutOfMemory;
    document.reason = failure.what_without_backtrace();
  }
  rank.device.memory().release_cached();
  document.key = point_key(request, point);
  document.evidence = rank.device.evidence();
  document.provenance.merge(rank_provenance(request, rank.device));
  return document;
}

}  // namespace sextant::profiler
