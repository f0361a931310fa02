#include "planner/training/sailor/explain.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "planner/training/sailor/quirks.h"
#include "planner/training/sailor/tensor_degrees.h"

namespace sextant::sailor_search {

namespace {

constexpr double kBytesPerGib = 1024.0 * 1024.0 * 1024.0;

/// The stage that needs the most memory of one GPU, in the split and tensor degree that need least
/// of the type with the largest GPUs.
std::string memory_that_lacks(const Resources& resources, const LayerTables& tables) {
  const auto largest = std::max_element(
      resources.types.begin(), resources.types.end(),
      [](const GpuType& a, const GpuType& b) { return a.memory_bytes < b.memory_bytes; });
  double least = std::numeric_limits<double>::infinity();
  const int microbatch = tables.microbatches().front();
  for (int depth = 1; depth <= tables.layer_count(); ++depth) {
    const std::vector<LayerRange> split = uniform_split(tables.layer_count(), depth);
    for (const int tp : kTensorDegrees) {
      if (tp > largest->largest_degree || !tables.has_memory(tp)) continue;
      double most = 0;
      for (int stage = 0; stage < depth; ++stage) {
        most = std::max(most,
                        tables.memory_bytes(microbatch, tp, split[static_cast<std::size_t>(stage)],
                                            depth - 1 - stage));
      }
      least = std::min(least, most);
    }
  }
  return fmt::format(
      "no GPU type holds every stage of any uniform split: microbatch {} needs at least {:.1f} GiB "
      "of one GPU, {} has {:.1f} GiB",
      microbatch, least / kBytesPerGib, largest->name, largest->memory_bytes / kBytesPerGib);
}

/// GPUs of one pipeline, where each stage takes the type with the smaller degree.
std::optional<int> fewest_gpus(const Resources& resources, const LayerTables& tables) {
  std::optional<int> fewest;
  for (const int microbatch : tables.microbatches()) {
    for (int depth = 1; depth <= tables.layer_count(); ++depth) {
      const TensorDegrees degrees = tensor_degrees(tables, resources.type_count(), microbatch,
                                                   uniform_split(tables.layer_count(), depth));
      int gpus = 0;
      for (int stage = 0; stage < depth; ++stage) {
        int smallest = 0;
        for (const std::vector<int>& of_type : degrees) {
          if (of_type.empty()) continue;
          const int tp = of_type[static_cast<std::size_t>(stage)];
          smallest = smallest == 0 ? tp : std::min(smallest, tp);
        }
        gpus += smallest;
      }
      if (gpus > 0) fewest = std::min(fewest.value_or(gpus), gpus);
    }
  }
  return fewest;
}

}  // namespace

std::string why_infeasible(const TrainingProblem& problem, const Resources& resources,
                           const LayerTables& tables, int over_bound) {
  const std::optional<int> fewest = fewest_gpus(resources, tables);
  if (!fewest) return memory_that_lacks(resources, tables);
  const Job& job = problem.job;
  const bool bounded = job.objective == Objective::kThroughput ? job.max_usd_per_iter.has_value()
                                                               : job.min_iters_per_s.has_value();
  const int gpus = std::accumulate(resources.stock.begin(), resources.stock.end(), 0);
  if (*fewest > gpus) {
    return fmt::format(
        "one replica of the model needs at least {} GPUs in any uniform split with the tensor "
        "degrees that the planner takes; the cluster has {}",
        *fewest, gpus);
  }
  if (!bounded) {
    return fmt::format(
        "no pipeline can be placed: {} GPUs of the right types in one region would do, the cluster "
        "has {} GPUs in {} regions",
        *fewest, gpus, resources.regions.size());
  }
  const std::string seen =
      over_bound > 0 ? fmt::format("; {} plans were found that miss it", over_bound) : "";
  if (job.objective == Objective::kThroughput) {
    return fmt::format("no plan is believed to cost less than {:.4g} USD an iteration{}",
                       *job.max_usd_per_iter, seen);
  }
  return fmt::format("no plan of one stage is believed to reach {:.4g} iterations/s{}",
                     *job.min_iters_per_s, seen);
}

}  // namespace sextant::sailor_search
