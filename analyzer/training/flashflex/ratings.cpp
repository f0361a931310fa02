#include "analyzer/training/flashflex/ratings.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/json_document.h"
#include "analyzer/profile/gpu.h"
#include "analyzer/training/published_tables.h"

namespace sextant::flashflex {

namespace {

// The published code reads its decimal figures as binary ones.
constexpr double kTera = 1024.0 * 1024 * 1024 * 1024;
constexpr double kGiga = 1024.0 * 1024 * 1024;
constexpr double kDecimalGiga = 1e9;

/// By GPU type; none where the problem has no such table.
std::map<std::string, Rating> published_ratings(const TrainingProblem& problem) {
  std::map<std::string, Rating> out;
  const auto file = find_published_table(
      problem, {"FlashFlex/machine_amounts.json", "FlashFlex/src/machine_amounts.json"});
  if (!file) return out;
  const JsonDocument document = JsonDocument::read(*file);
  for (const auto& [gpu, entry] : document.root().at("machine_specs").members()) {
    const std::vector<JsonNode> parts = entry.elements();
    if (parts.size() != 3) entry.fail("[TFLOPS, memory in GiB, GB/s inside a machine]");
    out[gpu] = {parts[0].positive() * kTera, parts[1].positive() * kGiga,
                parts[2].positive() * kGiga};
  }
  return out;
}

Shape shape_of(const TrainingProblem& problem) {
  if (problem.model == nullptr) {
    throw_bad_input(
        fmt::format("flashflex computes with a model's sizes: the problem has no description of {}",
                    quote(problem.job.model)));
  }
  const ModelDescription& model = *problem.model;
  const int sequence = problem.job.seq_len > 0 ? problem.job.seq_len : model.seq_len;
  if (sequence < 1 || model.hidden < 1 || model.vocab < 1 || model.layers < 1) {
    throw_bad_input(fmt::format(
        "model {}: flashflex needs a sequence length, a width, a vocabulary and transformer layers "
        "above 0, found {}, {}, {} and {}",
        quote(model.name), sequence, model.hidden, model.vocab, model.layers));
  }
  return {static_cast<double>(sequence), static_cast<double>(model.hidden),
          static_cast<double>(model.vocab), model.layers};
}

/// The rate at which the profile has a block compute on one rank, FLOP/s of the formula.
double measured_flop_per_s(const TrainingProblem& problem, const Shape& shape,
                           const std::string& gpu) {
  for (const auto& [key, point] : problem.profile.points) {
    if (key.gpu != gpu || point.layers.size() < 2) continue;
    const LayerTime& block = point.layers[1];  // 0 is the embedding
    const double seconds = block.forward_s + block.backward_s;
    if (!(seconds > 0)) continue;
    const Model unit(shape, {{1, 0, 1}}, 1);
    return unit.compute_s({0, 0, key.tp, 1}, key.microbatch) / seconds;
  }
  throw_bad_input(
      fmt::format("flashflex has no rating of {}: neither its own table nor a data "
                  "sheet knows it, and the profile has no time of a block on it",
                  quote(gpu)));
}

double inside_bytes_per_s(const Network& network, const GpuPool& pool,
                          const std::optional<GpuSpec>& sheet) {
  if (const auto link = network.inside_node(pool.gpu, std::max(2, pool.gpus_per_node))) {
    return link->peak_bytes_per_s();
  }
  if (sheet) {
    const double link =
        sheet->nvlink_bytes_per_s > 0 ? sheet->nvlink_bytes_per_s : sheet->pcie_bytes_per_s;
    if (link > 0) return link;
  }
  const LinkEnd end = {pool.zone, pool.gpu, 1};
  return network.between(end, end).peak_bytes_per_s();
}

Rating derived_rating(const TrainingProblem& problem, const Shape& shape, const GpuPool& pool) {
  Rating rating;
  rating.memory_bytes = pool.memory_bytes;
  const std::optional<GpuSpec> sheet = find_gpu(pool.gpu);
  if (sheet) {
    const auto peak = sheet->peak_flops.find(problem.job.dtype);
    if (peak != sheet->peak_flops.end()) rating.flop_per_s = peak->second;
  }
  if (!(rating.flop_per_s > 0)) {
    rating.flop_per_s = measured_flop_per_s(problem, shape, pool.gpu);
  }
  rating.inside_bytes_per_s = inside_bytes_per_s(*problem.cluster.network, pool, sheet);
  return rating;
}

}  // namespace

Model model_of(const TrainingProblem& problem, const std::vector<const GpuPool*>& pools) {
  const Shape shape = shape_of(problem);
  if (problem.cluster.network == nullptr) {
    throw_bad_input("flashflex needs a cluster with a network");
  }
  const std::map<std::string, Rating> published = published_ratings(problem);
  std::vector<Rating> ratings;
  bool all_published = true;
  for (const GpuPool* pool : pools) {
    const auto rating = published.find(pool->gpu);
    const bool known = rating != published.end();
    all_published = all_published && known;
    ratings.push_back(known ? rating->second : derived_rating(problem, shape, *pool));
  }
  // One figure for all machines: the slowest link of any type to any, in either direction.
  double between = std::numeric_limits<double>::infinity();
  for (const GpuPool* from : pools) {
    for (const GpuPool* to : pools) {
      const LinkModel link = problem.cluster.network->between(
          {from->zone, from->gpu, from->gpus_per_node}, {to->zone, to->gpu, to->gpus_per_node});
      between = std::min(between, link.peak_bytes_per_s());
    }
  }
  if (all_published) between *= kGiga / kDecimalGiga;
  return {shape, std::move(ratings), between};
}

}  // namespace sextant::flashflex
