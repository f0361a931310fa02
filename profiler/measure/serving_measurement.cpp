#include "profiler/measure/serving_measurement.h"

#include <ATen/ATen.h>
#include <algorithm>
#include <c10/core/GradMode.h>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "analyzer/core/time_samples.h"
#include "profiler/measure/layer_stack.h"
#include "profiler/model/serving_layer.h"

namespace sextant::profiler {

namespace {

/// The steps of one kind, "prefill" or "decode".
struct ServingStep {
  bool is_prefill = true;
  int batch = 1;
  int context = 0;  ///< of a prefill its tokens

  const char* phase() const { return is_prefill ? "prefill" : "decode"; }
  int tokens() const { return is_prefill ? context : batch; }
};

class ServingMeasurement {
 public:
  ServingMeasurement(const ProfileRequest& request, const GridPoint& point, const RankSetting& rank)
      : request_(request),
        rank_(rank),
        device_(rank.device),
        distinct_(distinct_layers(request.model)),
        setup_{request.model, longest_layer(request, point), device_.torch_device(),
               rank.collectives} {
    setup_.buffers = std::make_shared<SharedBuffers>();
    for (const DistinctLayer& layer : distinct_.layers) {
      layers_.push_back(make_serving_layer(layer.kind, setup_, layer.block));
    }
  }

  ServingDocument run() {
    device_.begin_point();
    ServingDocument document;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      ServingLayerProfile& kind = document.kinds.emplace_back();
      kind.kind = distinct_.layers[i].name;
      kind.weight_bytes = layers_[i]->weight_bytes();
      kind.kv_bytes_per_token = layers_[i]->kv_bytes_per_token();
    }
    document.sequence = distinct_.sequence;
    document.collectives_are_timed = rank_.ranks_are_real || rank_.collectives.size() == 1;
    document.memory_basis = "allocator statistics of one pass";
    document.stopping = request_.stopping;
    std::vector<int> tokens = request_.prefill_tokens;
    std::sort(tokens.begin(), tokens.end());
    for (const int count : tokens) measure({true, 1, count}, document);
    std::vector<int> contexts = request_.decode_contexts;
    std::vector<int> batches = request_.decode_batches;
    std::sort(contexts.begin(), contexts.end());
    std::sort(batches.begin(), batches.end());
    for (const int context : contexts) {
      for (const int batch : batches) measure({false, batch, context}, document);
    }
    document.process_memory = rank_.process_memory();
    document.conditions = device_.conditions();
    return document;
  }

 private:
  /// As long as the longest sequence.
  static LayerOptions longest_layer(const ProfileRequest& request, const GridPoint& point) {
    LayerOptions options = layer_options(request, point);
    options.seq_len = 1;
    for (const int tokens : request.prefill_tokens) {
      options.seq_len = std::max(options.seq_len, tokens);
    }
    for (const int context : request.decode_contexts) {
      options.seq_len = std::max(options.seq_len, context + 1);
    }
    return options;
  }

  void measure(const ServingStep& step, ServingDocument& document) {
    std::vector<KvCache> caches;
    try {
      for (const auto& layer : layers_) {
        caches.push_back(layer->make_cache(step.batch, step.context + (step.is_prefill ? 0 : 1)));
        // Memory that nobody has written to costs nothing to read on some systems.
        if (caches.back().keys.defined()) caches.back().keys.normal_();
        if (caches.back().values.defined()) caches.back().values.normal_();
      }
      time_step(step, caches, document);
    } catch (const c10::Error& failure) {
      if (!is_out_of_memory(failure)) throw;
      device_.synchronize();
      document.failures.push_back({step.phase(), step.batch, step.context,
                                   PointStatus::kOutOfMemory, failure.what_without_backtrace()});
    }
    caches.clear();
    device_.memory().release_cached();
  }

  void time_step(const ServingStep& step, std::vector<KvCache>& caches, ServingDocument& document) {
    const at::Tensor tokens =
        at::randint(request_.model.vocab, {step.tokens()}, at::TensorOptions(at::kLong))
            .to(setup_.device);
    measure_memory(step, tokens, caches, document);
    std::vector<std::vector<double>> samples(layers_.size());
    StoppingCriterion criterion(request_.stopping);
    DeviceClock& clock = device_.clock();
    do {
      device_.begin_sample();
      device_.flush_cache();
      clock.reset();
      clock.mark();
      run_step(step, tokens, caches, [&](std::size_t) { clock.mark(); });
      device_.end_sample();
      device_.synchronize();
      double whole = 0;
      for (std::size_t i = 0; i < layers_.size(); ++i) {
        const int before = static_cast<int>(i);
        samples[i].push_back(clock.seconds(before, before + 1));
        whole += samples[i].back();
      }
      criterion.add(whole);
    } while (rank_.agreed(criterion.done() ? 0 : 1) > 0);
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      ServingLayerProfile& kind = document.kinds[i];
      const TimeSummary time = summarize(std::move(samples[i]));
      if (step.is_prefill) {
        kind.prefill.push_back({step.context, time});
      } else {
        kind.decode.push_back({step.batch, step.context, time});
      }
    }
    const StoppingRule verdict = criterion.verdict();
    if (document.stopping->unmet.empty()) document.stopping->unmet = verdict.unmet;
  }

  /// One pass of all layers; `after` is called behind each.
  void run_step(const ServingStep& step, const at::Tensor& tokens, std::vector<KvCache>& caches,
                const std::function<void(std::size_t)>& after) {
    at::Tensor activation = tokens;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      activation = step.is_prefill ? layers_[i]->prefill(activation, caches[i])
                                   : layers_[i]->decode(activation, caches[i], step.context);
      after(i);
    }
  }

  /// The first pass of a step: it loads kernels, tells the transients, and what a lone shard would
  /// have exchanged.
  void measure_memory(const ServingStep& step, const at::Tensor& tokens,
                      std::vector<KvCache>& caches, ServingDocument& document) {
    DeviceMemory& memory = device_.memory();
    std::size_t running = 0;
    const bool is_first = recorded_.insert(step.is_prefill).second;
    const CollectiveWatch watch(rank_.collectives, [&](std::string_view operation, double bytes) {
      if (!is_first) return;
      record(document.kinds[running], distinct_.layers[running].kind, step, operation, bytes);
    });
    memory.reset_peak();
    run_step(step, tokens, caches, [&](std::size_t i) {
      double& workspace = step.is_prefill ? document.kinds[i].prefill_workspace_bytes
                                          : document.kinds[i].decode_workspace_bytes;
      workspace = std::max(workspace, memory.peak_allocated() - memory.allocated());
      memory.reset_peak();
      running = i + 1;
    });
    device_.synchronize();
  }

  /// The head works on one token of each sequence, everything before it on all of them.
  static void record(ServingLayerProfile& kind, LayerKind layer, const ServingStep& step,
                     std::string_view operation, double bytes) {
    ServingCollective& collective = kind.collectives.emplace_back();
    collective.operation = operation;
    collective.phase = step.phase();
    if (layer == LayerKind::kHead) {
      collective.bytes_per_sequence = bytes / step.batch;
    } else {
      collective.bytes_per_token = bytes / step.tokens();
    }
  }

  const ProfileRequest& request_;
  const RankSetting& rank_;
  Device& device_;
  DistinctLayers distinct_;
  LayerSetup setup_;
  std::vector<std::unique_ptr<ServingLayer>> layers_;
  std::set<bool> recorded_;  ///< whether collectives of a prefill, of a decode step are known
};

}  // namespace

ServingDocument measure_serving(const ProfileRequest& request, const GridPoint& point,
                                const RankSetting& rank) {
  const c10::NoGradGuard no_grad;
  ServingDocument document;
  try {
    document = ServingMeasurement(request, point, rank).run();
  } catch (const c10::Error& failure) {
    if (!is_out_of_memory(failure)) throw;
    document.status = PointStatus::kOutOfMemory;
    document.reason = failure.what_without_backtrace();
  }
  if (document.status == PointStatus::kOk && document.limits().prefill_tokens == 0 &&
      document.limits().decode_batch == 0) {
    document.status = PointStatus::kOutOfMemory;
    document.reason =
        document.failures.empty() ? "nothing was asked for" : document.failures.front().reason;
    document.kinds.clear();
    document.sequence.clear();
    document.failures.clear();
  }
  rank.device.memory().release_cached();
  document.key = serving_key(point_key(request, point));
  document.evidence = rank.device.evidence();
  document.provenance = rank_provenance(request, rank.device);
  return document;
}

}  // namespace sextant::profiler
