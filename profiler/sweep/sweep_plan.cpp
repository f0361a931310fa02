#include "profiler/sweep/sweep_plan.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/git_revision.h"
#include "analyzer/model/zoo.h"
#include "analyzer/profile/gpu.h"
#include "analyzer/profile/serving_profile.h"
#include "profiler/sweep/time_estimate.h"

namespace sextant::profiler {

namespace {

std::vector<int> sorted_unique(std::vector<int> values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

std::vector<int> steps(int first, int last, int factor) {
  std::vector<int> out;
  for (int value = first; value <= last; value *= factor) out.push_back(value);
  return out;
}

/// Legal powers of two up to the GPUs there are.
std::vector<int> default_degrees(const ModelDescription& model, int devices) {
  std::vector<int> out;
  for (const int tp : legal_tensor_degrees(model, std::max(1, devices))) {
    if ((tp & (tp - 1)) == 0) out.push_back(tp);
  }
  return out;
}

void fill_serving_defaults(const ModelDescription& model, SweepOptions& options) {
  const int most = model.learned_positions > 0 ? model.learned_positions : 1 << 20;
  if (options.prefill_tokens.empty()) options.prefill_tokens = steps(1, std::min(8192, most), 2);
  if (options.decode_batches.empty()) options.decode_batches = steps(1, 512, 2);
  if (options.decode_contexts.empty()) {
    options.decode_contexts = steps(128, std::min(8192, most), 4);
  }
  for (auto* list : {&options.prefill_tokens, &options.decode_batches, &options.decode_contexts}) {
    *list = sorted_unique(*list);
  }
  for (const int tokens : {options.prefill_tokens.back(), options.decode_contexts.back()}) {
    if (tokens > most) {
      throw_bad_input(
          fmt::format("model {}: sequences of {} tokens exceed its table of {} learned "
                      "positions",
                      quote(model.name), tokens, most));
    }
  }
}

void fill_defaults(const ModelDescription& model, const Machine& machine, SweepOptions& options) {
  if (options.tensor_degrees.empty()) {
    options.tensor_degrees = default_degrees(model, machine.devices);
  }
  options.tensor_degrees = sorted_unique(options.tensor_degrees);
  if (options.microbatches.empty()) options.microbatches = {1, 2, 4, 8};
  options.microbatches = sorted_unique(options.microbatches);
  if (options.dtypes.empty()) {
    options.dtypes = {machine.device == DeviceKind::kCuda ? "bf16" : "fp32"};
  }
  if (options.mode == Mode::kServe) {
    options.microbatches = {1};
    fill_serving_defaults(model, options);
  }
  if (options.seq_len == 0) options.seq_len = model.seq_len;
  if (options.point_timeout_s == 0) {
    // Generous: some passes of the time limit each, after a model was built on a slow machine.
    constexpr double kStartSeconds = 120;
    const auto measurements =
        options.mode == Mode::kTrain
            ? std::size_t{10}
            : 2 * (options.prefill_tokens.size() +
                   options.decode_batches.size() * options.decode_contexts.size());
    options.point_timeout_s =
        kStartSeconds + static_cast<double>(measurements) * options.stopping.time_limit_s;
  }
}

/// Throws where the device cannot compute in the data type.
void check_dtype(const Machine& machine, DataType dtype) {
  if (machine.device == DeviceKind::kCpu) {
    if (dtype == DataType::kTf32) throw_bad_input("--dtype tf32: only GPUs compute in it");
    return;
  }
  const std::vector<std::string> known = gpu_names();
  if (std::find(known.begin(), known.end(), machine.gpu) == known.end()) return;
  const GpuSpec gpu = gpu_named(machine.gpu);
  if (gpu.peak_flops.contains(dtype)) return;
  std::string names;
  for (const auto& [other, flops] : gpu.peak_flops) names += fmt::format(" {}", to_string(other));
  throw_bad_input(fmt::format("--dtype {}: {} does not compute in it; it does in{}",
                              to_string(dtype), machine.gpu, names));
}

bool runs_collectives(const SweepOptions& options, const Machine& machine, int tp) {
  if (tp == 1 || options.collectives == CollectivesChoice::kRecorded) return false;
  if (machine.device == DeviceKind::kCpu) return true;  // processes share it
  if (options.collectives == CollectivesChoice::kReal && machine.devices < tp) {
    throw_bad_input(
        fmt::format("--collectives real: tensor degree {} needs {} GPUs, and {} {} "
                    "visible; --collectives auto records what cannot run",
                    tp, tp, machine.devices, machine.devices == 1 ? "is" : "are"));
  }
  return machine.devices >= tp;
}

/// What is asked in one data type, but for the points.
ProfileRequest request_for(const Sweep& sweep, DataType dtype) {
  const SweepOptions& options = sweep.options;
  ProfileRequest request;
  request.mode = options.mode;
  request.model = sweep.model;
  request.gpu = sweep.machine.gpu;
  request.device = sweep.machine.device;
  request.dtype = dtype;
  request.seq_len = options.seq_len;
  request.optimizer = options.optimizer;
  request.recompute = options.recompute;
  request.sequence_parallel = options.sequence_parallel;
  request.stopping = options.stopping;
  request.operators = options.operators;
  request.kernels = options.kernels;
  request.memory_limit_bytes = options.memory_limit_bytes;
  request.prefill_tokens = options.prefill_tokens;
  request.decode_batches = options.decode_batches;
  request.decode_contexts = options.decode_contexts;
  request.provenance = {{"host", sweep.machine.provenance.at("host")},
                        {"command", options.command},
                        {"git_revision", std::string(git_revision())}};
  return request;
}

std::filesystem::path file_of(const SweepOptions& options, const ProfileKey& key) {
  const std::filesystem::path name =
      options.mode == Mode::kServe ? serving_file_name(serving_key(key)) : point_file_name(key);
  return options.out / (options.flat ? name.filename() : name);
}

SweepPoint make_point(const Sweep& sweep, DataType dtype, const GridPoint& grid) {
  const SweepOptions& options = sweep.options;
  const ProfileRequest request = request_for(sweep, dtype);
  const LayerOptions layer = layer_options(request, grid);
  layer_cost(sweep.model, LayerKind::kBlock, layer);  // throws where the model cannot be cut so

  SweepPoint point;
  point.dtype = dtype;
  point.real_collectives = runs_collectives(options, sweep.machine, grid.tp);
  point.key = point_key(request, grid);
  point.file = file_of(options, point.key);
  point.estimated_s =
      options.mode == Mode::kTrain
          ? estimated_point_s(sweep.model, sweep.machine.gpu, layer, options)
          : estimated_serving_s(sweep.model, sweep.machine.gpu, dtype, grid.tp, options);
  return point;
}

/// Every count-th of the points.
std::vector<SweepPoint> part_of(std::vector<SweepPoint> points, const Shard& shard) {
  std::vector<SweepPoint> out;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (static_cast<int>(i % static_cast<std::size_t>(shard.count)) == shard.index) {
      out.push_back(std::move(points[i]));
    }
  }
  return out;
}

}  // namespace

std::string SweepPoint::text(Mode mode) const {
  return mode == Mode::kServe
             ? fmt::format("{}, tp {}", key.variant, key.tp)
             : fmt::format("{}, tp {}, microbatch {}", key.variant, key.tp, key.microbatch);
}

std::vector<SweepGroup> Sweep::groups() const {
  std::vector<SweepGroup> out;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const int world = points[i].world_size();
    if (out.empty() || out.back().world_size != world ||
        points[out.back().points.back()].dtype != points[i].dtype) {
      out.push_back({world, {}});
    }
    out.back().points.push_back(i);
  }
  return out;
}

ProfileRequest Sweep::request(const std::vector<std::size_t>& chosen) const {
  const SweepPoint& first = points[chosen.front()];
  ProfileRequest request = request_for(*this, first.dtype);
  request.real_collectives = first.real_collectives;
  for (const std::size_t index : chosen) request.points.push_back(points[index].grid_point());
  return request;
}

std::optional<double> Sweep::estimated_s() const {
  double sum = static_cast<double>(groups().size()) * estimated_start_s(machine.device);
  for (const SweepPoint& point : points) {
    if (!point.estimated_s) return std::nullopt;
    sum += *point.estimated_s;
  }
  return sum;
}

Sweep plan_sweep(SweepOptions options, Machine machine) {
  Sweep sweep;
  sweep.options = std::move(options);
  sweep.machine = std::move(machine);
  sweep.model = model_named(sweep.options.model);
  check(sweep.model);
  fill_defaults(sweep.model, sweep.machine, sweep.options);
  std::set<DataType> seen;
  for (const std::string& name : sweep.options.dtypes) {
    const DataType dtype = data_type_from(name);
    if (!seen.insert(dtype).second) continue;
    check_dtype(sweep.machine, dtype);
    std::vector<SweepPoint> points;
    for (const int tp : sweep.options.tensor_degrees) {
      for (const int microbatch : sweep.options.microbatches) {
        points.push_back(make_point(sweep, dtype, {tp, microbatch}));
      }
    }
    // Lone ranks first, so that one process measures all of their points.
    std::stable_sort(points.begin(), points.end(), [](const SweepPoint& a, const SweepPoint& b) {
      return a.world_size() < b.world_size();
    });
    for (SweepPoint& point : points) sweep.points.push_back(std::move(point));
  }
  if (sweep.options.flat && seen.size() > 1) {
    throw_usage("--flat keeps one variant: give one --dtype");
  }
  const std::size_t all = sweep.points.size();
  sweep.points = part_of(std::move(sweep.points), sweep.options.shard);
  if (sweep.points.empty()) {
    throw_bad_input(fmt::format("--shard {}/{}: the sweep has {} points only",
                                sweep.options.shard.index, sweep.options.shard.count, all));
  }
  return sweep;
}

}  // namespace sextant::profiler
