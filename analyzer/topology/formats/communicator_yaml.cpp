#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/topology/formats/workload_files.h"
#include "analyzer/topology/formats/yaml_node.h"

namespace sextant {

namespace {

constexpr int kNotUsed = -1;

/// One extent for each dimension; of as many dimensions as `like` has, if any.
GroupShape read_extents(const YamlNode& node, const GroupShape& like) {
  GroupShape shape;
  long long npus = 1;
  for (const YamlNode& element : node.elements()) {
    const auto extent = element.integer(kNotUsed, kMostTopologyNpus);
    if (extent == 0) element.fail("at least 1 NPU, or -1 for a dimension that is not used");
    shape.push_back(extent == kNotUsed ? 1 : static_cast<int>(extent));
    npus *= shape.back();
    if (npus > kMostTopologyNpus) {
      node.fail(fmt::format("a group of at most {} NPUs", kMostTopologyNpus), "more");
    }
  }
  if (shape.empty()) node.fail("an extent for each dimension");
  if (!like.empty() && shape.size() != like.size()) {
    node.fail(fmt::format("as many extents as \"Forward\" has, {}", like.size()),
              fmt::format("{}", shape.size()));
  }
  return shape;
}

/// The group's NPUs, where the workload says how many, must be those of the file.
ParallelGroup placed(ParallelGroup group, const GroupShape& shape, const YamlNode& node) {
  const int npus = group_npus(shape);
  if (group.npus > 0 && group.npus != npus) {
    node.fail(fmt::format("a group of {} NPUs, as the workload says", group.npus),
              fmt::format("one of {}", npus));
  }
  group.npus = npus;
  return group;
}

}  // namespace

std::vector<GroupShape> read_communicators(const std::filesystem::path& path, Workload& workload) {
  const YamlNode root = YamlNode::read(path);
  if (workload.groups.size() != 2) {
    throw_bad_input(
        fmt::format("{}: expected a workload with a model and a data group, found one of {} groups",
                    path.string(), workload.groups.size()));
  }
  root.only({"Forward", "InputGrad", "WeightGrad"});
  const YamlNode& forward = root.at("Forward");
  const YamlNode& input = root.at("InputGrad");
  const YamlNode& weight = root.at("WeightGrad");
  std::vector<GroupShape> shapes = {read_extents(forward, {})};
  shapes.push_back(read_extents(weight, shapes.front()));
  const GroupShape input_shape = read_extents(input, shapes.front());
  const ParallelGroup model = workload.groups[kModelGroup];
  const ParallelGroup data = workload.groups[kDataGroup];
  workload.groups = {placed(model, shapes[kModelGroup], forward),
                     placed(data, shapes[kDataGroup], weight)};
  if (input_shape != shapes[kModelGroup]) {
    workload.groups.push_back(placed({"input gradient", model.npus}, input_shape, input));
    shapes.push_back(input_shape);
    constexpr auto kPhase = static_cast<std::size_t>(TrainingPhase::kInputGradient);
    for (WorkloadLayer& layer : workload.layers) {
      layer.phases[kPhase].group = shapes.size() - 1;
    }
  }
  return shapes;
}

}  // namespace sextant
