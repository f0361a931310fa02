#include "analyzer/training/varuna/model.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/training/varuna/pipeline_simulation.h"

namespace sextant::varuna {

namespace {

constexpr double kUsPerS = 1e6;

std::int64_t whole_us(double seconds) {
  return static_cast<std::int64_t>(seconds * kUsPerS);
}

std::int64_t stage_us(const std::vector<LayerFigures>& layers, const LayerRange& stage,
                      double LayerFigures::*time) {
  double sum = 0;
  for (int l = stage.first; l < stage.end; ++l) sum += layers[static_cast<std::size_t>(l)].*time;
  return std::llround(sum * kUsPerS);
}

/// Seconds for `bytes` from machine to machine.
double transfer_s(const TrainingProblem& problem, const Grid& grid, double bytes) {
  if (bytes <= 0) return 0;
  const LinkEnd end = {grid.zone, grid.gpu, grid.tp};
  const double seconds = problem.cluster.network->between(end, end).transfer_s(bytes);
  if (!(seconds >= 0) || !std::isfinite(seconds)) {
    throw_bad_input(
        fmt::format("varuna: {} bytes between machines of {} in zone {} take {} s: the network's "
                    "model is used outside its range",
                    bytes, quote(grid.gpu), quote(grid.zone), seconds));
  }
  return seconds;
}

/// Ring all-reduce of the parameters of the largest stage. The published code takes P layers from
/// layer i P for stage i, however many a stage has.
double sync_s(const TrainingProblem& problem, const std::vector<LayerFigures>& layers,
              const Grid& grid) {
  if (grid.dp == 1) return 0;
  const std::size_t depth = grid.stages.size();
  double most = 0;
  for (std::size_t first = 0; first < layers.size() && first < depth * depth; first += depth) {
    double sum = 0;
    for (std::size_t l = first; l < std::min(first + depth, layers.size()); ++l) {
      sum += layers[l].parameter_bytes;
    }
    most = std::max(most, sum);
  }
  return 2.0 * (grid.dp - 1) * transfer_s(problem, grid, most / grid.dp);
}

}  // namespace

GridTimes grid_times(const TrainingProblem& problem, const LayerTable& table, const Grid& grid) {
  const std::vector<LayerFigures>& layers = table.at(grid.microbatch);
  const std::size_t depth = grid.stages.size();
  SimulatedPipeline pipeline;
  pipeline.microbatches = grid.microbatches();
  if (pipeline.microbatches < 1) {
    throw_bad_input(fmt::format("varuna: {} sequences are fewer than {} pipelines",
                                grid.global_batch, grid.dp));
  }
  if (pipeline.microbatches > kMostTasks / static_cast<std::int64_t>(depth)) {
    throw_bad_input(
        fmt::format("varuna: would simulate {} microbatches of {} stages; at most {} in all",
                    pipeline.microbatches, depth, kMostTasks));
  }
  // Every message has the size of the output of layer floor(L / P), whatever the partition.
  const double message_bytes =
      depth == 1 ? 0 : layers[std::min(layers.size() / depth, layers.size() - 1)].output_bytes;
  GridTimes times;
  times.transfer_s.assign(depth, 0);
  for (std::size_t s = 0; s < depth; ++s) {
    pipeline.forward_us.push_back(stage_us(layers, grid.stages[s], &LayerFigures::forward_s));
    pipeline.backward_us.push_back(stage_us(layers, grid.stages[s], &LayerFigures::backward_s));
    times.compute_s.push_back(
        static_cast<double>(pipeline.forward_us[s] + pipeline.backward_us[s]) / kUsPerS);
    if (s + 1 == depth) break;
    const auto node = static_cast<std::size_t>(grid.gpus_per_node);
    const std::int64_t send_us =
        s / node == (s + 1) / node ? 0 : whole_us(transfer_s(problem, grid, message_bytes));
    pipeline.send_us.push_back(send_us);
    times.transfer_s[s] += static_cast<double>(send_us) / kUsPerS;      // activations onwards
    times.transfer_s[s + 1] += static_cast<double>(send_us) / kUsPerS;  // gradients back
  }
  times.pipeline_s = static_cast<double>(simulate(pipeline)) / kUsPerS;
  times.sync_s = static_cast<double>(whole_us(sync_s(problem, layers, grid))) / kUsPerS;
  return times;
}

double stage_memory_bytes(const std::vector<LayerFigures>& layers, const LayerRange& stage,
                          int tp) {
  double bytes = 0;
  for (int l = stage.first; l < stage.end; ++l) {
    const LayerFigures& layer = layers[static_cast<std::size_t>(l)];
    bytes += layer.required_bytes - layer.output_bytes;
  }
  bytes += layers[static_cast<std::size_t>(stage.end - 1)].output_bytes;
  return std::floor(bytes / tp);
}

}  // namespace sextant::varuna
