#include "analyzer/topology/group_mapping.h"

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

/// NPUs of each dimension that are not taken yet, by whoever walks in one direction.
class Taker {
 public:
  explicit Taker(const Topology& topology) : topology_(topology) {
    for (const TopologyDimension& dimension : topology.dimensions) left_.push_back(dimension.npus);
  }

  /// `npus` NPUs from dimension `from` on in steps of `step`, as far as they go.
  GroupShape take(const std::string& group, int npus, std::ptrdiff_t from, std::ptrdiff_t step) {
    GroupShape shape(left_.size(), 1);
    int wanted = npus;
    const auto end = static_cast<std::ptrdiff_t>(left_.size());
    for (std::ptrdiff_t d = from; wanted > 1 && d >= 0 && d < end; d += step) {
      int& left = left_[static_cast<std::size_t>(d)];
      if (left == 1) continue;
      const int taken = wanted < left ? wanted : left;
      if (left % taken != 0 || wanted % taken != 0) {
        throw_bad_input(fmt::format(
            "topology {}: group {} of {} NPUs does not fit dimension {}: {} of its {} NPUs are "
            "left and the group still needs {}; one must divide the other",
            quote(topology_.name), quote(group), npus, d, left,
            topology_.dimensions[static_cast<std::size_t>(d)].npus, wanted));
      }
      shape[static_cast<std::size_t>(d)] = taken;
      left /= taken;
      wanted /= taken;
    }
    if (wanted > 1) {
      throw_bad_input(fmt::format("topology {}: group {} of {} NPUs does not fit its {} NPUs",
                                  quote(topology_.name), quote(group), npus, topology_.npus()));
    }
    return shape;
  }

 private:
  const Topology& topology_;
  std::vector<int> left_;
};

void require_product(const Topology& topology, long long product, const std::string& what) {
  if (product != topology.npus()) {
    throw_bad_input(fmt::format("topology {} has {} NPUs, {} make {}", quote(topology.name),
                                topology.npus(), what, product));
  }
}

}  // namespace

int group_npus(const GroupShape& shape) {
  int product = 1;
  for (const int extent : shape) product *= extent;
  return product;
}

std::vector<GroupShape> map_from_both_ends(const Topology& topology, int model_npus,
                                           int data_npus) {
  if (model_npus < 1 || data_npus < 1) {
    throw_bad_input(fmt::format("topology {}: groups of {} and {} NPUs; expected at least 1",
                                quote(topology.name), model_npus, data_npus));
  }
  require_product(topology, static_cast<long long>(model_npus) * data_npus,
                  fmt::format("a model group of {} and a data group of {}", model_npus, data_npus));
  Taker taker(topology);
  std::vector<GroupShape> shapes;
  shapes.push_back(taker.take("model", model_npus, 0, 1));
  const auto last = static_cast<std::ptrdiff_t>(topology.dimensions.size()) - 1;
  shapes.push_back(taker.take("data", data_npus, last, -1));
  return shapes;
}

std::vector<GroupShape> map_inside_out(const Topology& topology,
                                       std::span<const ParallelGroup> groups) {
  long long product = 1;
  std::string sizes;
  for (const ParallelGroup& group : groups) {
    if (group.npus < 1) {
      throw_bad_input(fmt::format("group {}: expected at least 1 NPU, found {}", quote(group.name),
                                  group.npus));
    }
    product *= group.npus;
    sizes += fmt::format("{}{} {}", sizes.empty() ? "groups of " : " x ", group.name, group.npus);
  }
  require_product(topology, product, sizes.empty() ? "no groups" : sizes);
  Taker taker(topology);
  std::vector<GroupShape> shapes;
  for (const ParallelGroup& group : groups) {
    shapes.push_back(taker.take(group.name, group.npus, 0, 1));
  }
  return shapes;
}

void check(const std::vector<GroupShape>& shapes, const Workload& workload,
           const Topology& topology) {
  if (shapes.size() != workload.groups.size()) {
    throw_bad_input(fmt::format("workload {} has {} groups, {} are placed", quote(workload.name),
                                workload.groups.size(), shapes.size()));
  }
  for (std::size_t g = 0; g < shapes.size(); ++g) {
    const ParallelGroup& group = workload.groups[g];
    const auto refuse = [&](const std::string& what) {
      throw_bad_input(
          fmt::format("workload {}, group {}: {}", quote(workload.name), quote(group.name), what));
    };
    if (shapes[g].size() != topology.dimensions.size()) {
      refuse(fmt::format("expected an extent for each of {} dimensions, found {}",
                         topology.dimensions.size(), shapes[g].size()));
    }
    for (std::size_t d = 0; d < shapes[g].size(); ++d) {
      const int npus = topology.dimensions[d].npus;
      if (shapes[g][d] < 1 || npus % shapes[g][d] != 0) {
        refuse(fmt::format("expected an extent that divides the {} NPUs of dimension {}, found {}",
                           npus, d, shapes[g][d]));
      }
    }
    if (group.npus > 0 && group_npus(shapes[g]) != group.npus) {
      refuse(fmt::format("expected {} NPUs, found {}", group.npus, group_npus(shapes[g])));
    }
  }
}

}  // namespace sextant
