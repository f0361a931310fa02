#include "analyzer/training/amp/tables.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/training/amp/npy.h"
#include "analyzer/training/published_tables.h"

namespace sextant::amp {

namespace {

/// Forward seconds of one sequence by layer; empty where the tool has no such table. One of another
/// number of layers is of another cut of the model (LLaMA-3's tables have no head), which says
/// nothing of these layers.
std::vector<double> published_times(const TrainingProblem& problem, const std::string& gpu,
                                    int tp) {
  const auto file = find_published_table(
      problem, {fmt::format("AMP/profiles/{}/{}/profile_{}.npy", problem.profile.model, gpu, tp)});
  if (!file) return {};
  std::vector<double> times = read_npy(*file);
  for (std::size_t layer = 0; layer < times.size(); ++layer) {
    if (!(times[layer] >= 0) || !std::isfinite(times[layer])) {
      throw_bad_input(fmt::format("{}: element {}: expected seconds, found {}", file->string(),
                                  layer, times[layer]));
    }
  }
  if (times.size() != static_cast<std::size_t>(problem.profile.layer_count)) times.clear();
  return times;
}

/// The same from the profile: its smallest microbatch, by the sequence.
std::vector<double> profiled_times(const TrainingProblem& problem, const std::string& gpu, int tp) {
  for (const int microbatch : problem.profile.microbatches(gpu)) {
    const ProfilePoint* point = problem.profile.find(gpu, tp, microbatch);
    if (point == nullptr) continue;
    std::vector<double> times;
    for (const LayerTime& layer : point->layers) times.push_back(layer.forward_s / microbatch);
    return times;
  }
  return {};
}

template <typename Times>
std::vector<double> mean_times(const std::vector<std::string>& gpus, const Times& times_of) {
  std::vector<double> mean;
  int types = 0;
  for (const std::string& gpu : gpus) {
    const std::vector<double> times = times_of(gpu);
    if (times.empty()) continue;
    mean.resize(times.size());
    for (std::size_t layer = 0; layer < times.size(); ++layer) mean[layer] += times[layer];
    ++types;
  }
  for (double& time : mean) time /= types;
  return mean;
}

}  // namespace

std::optional<LayerTables> layer_tables(const TrainingProblem& problem,
                                        const std::vector<std::string>& gpus, int tp) {
  const auto memory = problem.profile.memory.find(tp);
  if (memory == problem.profile.memory.end()) return std::nullopt;
  LayerTables out;
  out.forward_s =
      mean_times(gpus, [&](const std::string& gpu) { return published_times(problem, gpu, tp); });
  if (out.forward_s.empty()) {
    out.forward_s =
        mean_times(gpus, [&](const std::string& gpu) { return profiled_times(problem, gpu, tp); });
  }
  if (out.forward_s.empty()) return std::nullopt;
  for (std::size_t layer = 0; layer < memory->second.size(); ++layer) {
    // The published code has one more entry, which repeats the embedding's, after the embedding.
    out.sent_bytes.push_back(memory->second[layer == 0 ? 0 : layer - 1].output_bytes);
    out.parameter_bytes.push_back(memory->second[layer].parameter_bytes);
  }
  return out;
}

}  // namespace sextant::amp
