#include "analyzer/topology/generated/generated_workload.h"

#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/model/rank_shape.h"
#include "analyzer/topology/generated/layer_rows.h"

namespace sextant {

using generated::group_of;

namespace {

std::string divisors_of(int number) {
  std::vector<int> divisors;
  for (int i = 1; i <= number; ++i) {
    if (number % i == 0) divisors.push_back(i);
  }
  return fmt::format("{}", fmt::join(divisors, ", "));
}

void check(const Parallelism& parallelism, const ModelDescription& model) {
  const auto refuse = [&](const std::string& what) {
    throw_bad_input(fmt::format("model {}: {}", quote(model.name), what));
  };
  const auto at_least_one = [&](std::string_view what, int value) {
    if (value < 1) refuse(fmt::format("{} {}; expected at least 1", what, value));
  };
  at_least_one("pipeline degree", parallelism.pipeline);
  at_least_one("microbatches of a step:", parallelism.microbatches);
  rank_shape(model, generated::layer_options(parallelism));  // tensor degree, microbatch, tokens
  if (model.layers % parallelism.pipeline != 0) {
    refuse(fmt::format("{} pipeline stages do not divide its {} blocks; what does is {}",
                       parallelism.pipeline, model.layers, divisors_of(model.layers)));
  }
  if (parallelism.expert == 1) return;
  if (model.experts == 0) {
    refuse(fmt::format("expert degree {}, but it has no experts", parallelism.expert));
  }
  if (model.experts % parallelism.expert != 0) {
    refuse(fmt::format("expert degree {} does not divide its {} experts; what does is {}",
                       parallelism.expert, model.experts, divisors_of(model.experts)));
  }
}

/// What one stage does for one microbatch.
std::vector<WorkloadLayer> stage_rows(const ModelDescription& model, const Parallelism& parallelism,
                                      const OperatorClock& clock, int stage) {
  std::vector<WorkloadLayer> rows;
  const bool tied = model.tied_embeddings && parallelism.pipeline == 1;
  const auto add = [&](LayerKind kind, int block = 0) {
    for (WorkloadLayer& row : generated::layer_rows(model, kind, block, tied, parallelism, clock)) {
      rows.push_back(std::move(row));
    }
  };
  const int blocks = model.layers / parallelism.pipeline;
  if (stage == 0) add(LayerKind::kEmbedding);
  for (int i = 0; i < blocks; ++i) add(LayerKind::kBlock, stage * blocks + i);
  if (stage == parallelism.pipeline - 1) {
    if (model.final_norm) add(LayerKind::kFinalNorm);
    add(LayerKind::kHead);
  }
  if (parallelism.pipeline > 1) {
    const double bytes =
        layer_cost(model, LayerKind::kBlock, generated::layer_options(parallelism)).output_bytes;
    WorkloadLayer& send = rows.emplace_back();
    send.name = "stage.send";
    send.phases[0] = {0, CommunicationOp::kSendRecv, bytes, group_of(ParallelAxis::kPipeline)};
    send.phases[1] = send.phases[0];
  }
  return rows;
}

double compute_seconds(const std::vector<WorkloadLayer>& rows) {
  double sum = 0;
  for (const WorkloadLayer& row : rows) {
    for (const LayerPhase& phase : row.phases) sum += phase.compute_s;
  }
  return sum;
}

std::vector<WorkloadLayer> busiest_stage(const ModelDescription& model,
                                         const Parallelism& parallelism,
                                         const OperatorClock& clock) {
  std::vector<WorkloadLayer> busiest;
  for (int stage = 0; stage < parallelism.pipeline; ++stage) {
    std::vector<WorkloadLayer> rows = stage_rows(model, parallelism, clock, stage);
    if (compute_seconds(rows) > compute_seconds(busiest)) busiest = std::move(rows);
  }
  return busiest;
}

/// A row `times` times over, before its weight gradients are complete.
WorkloadLayer repeated(WorkloadLayer row, double times) {
  row.name += fmt::format(" x{:.0f}", times);
  for (LayerPhase& phase : row.phases) {
    phase.compute_s *= times;
    phase.bytes *= times;
  }
  LayerPhase& weight = row.phases[static_cast<std::size_t>(TrainingPhase::kWeightGradient)];
  weight = {weight.compute_s};
  return row;
}

}  // namespace

Workload generate_workload(const ModelDescription& model, const Parallelism& parallelism,
                           const GpuSpec& gpu) {
  Workload workload;
  workload.name = model.name;
  workload.groups = parallel_axes(parallelism);
  check(parallelism, model);
  const OperatorClock clock(gpu, parallelism.dtype);
  workload.groups[group_of(ParallelAxis::kData)].npus = parallelism.data;
  if (parallelism.expert > 1) {
    workload.groups.push_back({"expert_data", parallelism.data / parallelism.expert});
  }
  // The backward pass runs in the reverse order, so that the last microbatch comes first.
  workload.layers = busiest_stage(model, parallelism, clock);
  const std::size_t rows = workload.layers.size();
  const double others = double{1} * parallelism.microbatches + parallelism.pipeline - 2;
  for (std::size_t i = 0; others > 0 && i < rows; ++i) {
    workload.layers.push_back(repeated(workload.layers[i], others));
  }
  return workload;
}

std::vector<ParallelGroup> parallel_axes(const Parallelism& parallelism) {
  if (parallelism.expert < 1 || parallelism.data < 1 ||
      parallelism.data % parallelism.expert != 0) {
    throw_bad_input(fmt::format(
        "expert degree {} does not divide data degree {}, whose ranks share out the experts",
        parallelism.expert, parallelism.data));
  }
  std::vector<ParallelGroup> axes;
  const std::array<int, kParallelAxisNames.size()> npus = {parallelism.tensor, parallelism.expert,
                                                           parallelism.data / parallelism.expert,
                                                           parallelism.pipeline};
  for (std::size_t axis = 0; axis < npus.size(); ++axis) {
    axes.push_back({std::string(kParallelAxisNames[axis]), npus[axis]});
  }
  return axes;
}

std::vector<GroupShape> shapes_of_groups(const Parallelism& parallelism,
                                         std::vector<GroupShape> axes) {
  if (parallelism.expert == 1) return axes;
  GroupShape& data = axes[group_of(ParallelAxis::kData)];
  const GroupShape expert_data = data;
  const GroupShape& expert = axes[group_of(ParallelAxis::kExpert)];
  for (std::size_t d = 0; d < data.size(); ++d) data[d] *= expert[d];
  axes.push_back(expert_data);
  return axes;
}

std::vector<GroupShape> map_generated(const Topology& topology, const Parallelism& parallelism,
                                      const AxisOrder& order) {
  const std::vector<ParallelGroup> axes = parallel_axes(parallelism);
  std::vector<ParallelGroup> ordered;
  for (const ParallelAxis axis : order) ordered.push_back(axes[group_of(axis)]);
  const std::vector<GroupShape> placed = map_inside_out(topology, ordered);
  std::vector<GroupShape> shapes(placed.size());
  for (std::size_t i = 0; i < placed.size(); ++i) shapes[group_of(order[i])] = placed[i];
  return shapes_of_groups(parallelism, std::move(shapes));
}

}  // namespace sextant
