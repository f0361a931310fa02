#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include "analyzer/model/model.h"
#include "analyzer/profile/gpu.h"
#include "analyzer/topology/group_mapping.h"
#include "analyzer/topology/topology.h"
#include "analyzer/topology/workload.h"

namespace sextant {

/// How a model is spread over tensor * data * pipeline NPUs.
struct Parallelism {
  int tensor = 1;
  int expert = 1;  ///< of the data-parallel ranks: how many share out the experts (divides `data`)
  int pipeline = 1;
  int data = 1;          ///< replicas of everything but experts, of which there are data / expert
  int microbatch = 1;    ///< sequences
  int microbatches = 1;  ///< of each pipeline in a step
  bool recompute = false;
  DataType dtype = DataType::kBf16;  ///< of activations, weights and gradients
  int seq_len = 0;                   ///< tokens; 0 = the model's own
};

/// What NPUs are numbered by. Data is data / expert here: experts lie within the replicas.
enum class ParallelAxis { kTensor, kExpert, kData, kPipeline };
inline constexpr std::array<std::string_view, 4> kParallelAxisNames = {"tensor", "expert", "data",
                                                                       "pipeline"};
constexpr std::string_view to_string(ParallelAxis axis) {
  return kParallelAxisNames[static_cast<std::size_t>(axis)];
}
/// From the innermost outwards: who communicates most is nearest (Narayanan et al. 2021).
using AxisOrder = std::array<ParallelAxis, kParallelAxisNames.size()>;
inline constexpr AxisOrder kUsualAxisOrder = {ParallelAxis::kTensor, ParallelAxis::kExpert,
                                              ParallelAxis::kData, ParallelAxis::kPipeline};

/// One training step of the busiest pipeline stage, with the times of a roofline (every figure is
/// an estimate). Groups are "tensor", "expert", "data" and "pipeline", by ParallelAxis, "data" with
/// all its ranks; where experts are spread, "expert_data" with the ranks that hold the same experts
/// comes last. Rows are what a stage does for one microbatch, in the order of forward:
///
///   embedding                all-reduce (tensor) forward, the table being split by rows
///   block.n.attention, .ffn  all-reduce (tensor) forward and backward (Shoeybi et al. 2019)
///   block.n.router, .experts, .combine  instead of .ffn, where there are experts: all-to-all
///                            (expert) before and after them, the same in backward; all-reduce
///                            (tensor) forward after .combine, backward after .router
///   final_norm, head         all-reduce (tensor) of the loss's sums forward, of the input's
///                            gradient backward
///   stage.send               a message (pipeline) in either direction
///
/// With recomputation, each row of a block has another, named "again", that repeats its forward
/// before the block's backward. Weight gradients are all-reduced over the replicas (data, or
/// expert_data those of experts) once a step, after the last microbatch. That is why the rows come
/// twice: for the last microbatch, and in multiples (name "… x70") for the microbatches before it
/// and for the times that the pipeline fills and drains: with m microbatches and p stages of equal
/// length, a step takes m + p - 1 times one stage (Huang et al. 2019; Narayanan et al. 2021).
///
/// Throws Error(kBadInput) where the model does not have what a degree divides, or the GPU does not
/// compute in the data type.
Workload generate_workload(const ModelDescription& model, const Parallelism& parallelism,
                           const GpuSpec& gpu);

/// The axes as groups, by ParallelAxis; their NPUs multiply to those of the network. Throws
/// Error(kBadInput) where the expert degree does not divide the data degree.
std::vector<ParallelGroup> parallel_axes(const Parallelism& parallelism);

/// Where the groups of generate_workload() lie, given where the axes do (both by ParallelAxis).
std::vector<GroupShape> shapes_of_groups(const Parallelism& parallelism,
                                         std::vector<GroupShape> axes);

/// The same for axes that lie from the innermost dimension outwards in an order, which holds each
/// axis once. Throws Error(kBadInput) as map_inside_out() does.
std::vector<GroupShape> map_generated(const Topology& topology, const Parallelism& parallelism,
                                      const AxisOrder& order = kUsualAxisOrder);

}  // namespace sextant
