#include "analyzer/training/metis/links.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/json_document.h"
#include "analyzer/profile/gpu.h"
#include "analyzer/training/published_tables.h"

namespace sextant::metis {

namespace {

std::size_t index(int i) {
  return static_cast<std::size_t>(i);
}

/// What the artifact's providers say, by GPU type and GPUs of a node: [[a, b, c], bytes/s].
std::optional<double> published_inside_node(const TrainingProblem& problem,
                                            const TypeInZone& type) {
  const auto file =
      find_published_table(problem, {"../../providers/intra_node_bandwidths.json",
                                     "../../sailor/sailor/providers/intra_node_bandwidths.json"});
  if (!file) return std::nullopt;
  const JsonDocument document = JsonDocument::read(*file);
  const auto counts = document.root().find(type.gpu);
  if (!counts) return std::nullopt;
  const auto link = counts->find(fmt::format("{}", type.gpus_per_node));
  if (!link) return std::nullopt;
  return link->at(std::size_t{1}).positive();
}

}  // namespace

Links::Links(const TrainingProblem& problem, std::vector<TypeInZone> types)
    : problem_(problem), types_(std::move(types)), between_(types_.size()), inside_(types_.size()) {
  if (problem.cluster.network == nullptr) throw_bad_input("metis needs a cluster with a network");
}

double Links::between_nodes(int type) {
  std::optional<double>& known = between_[index(type)];
  if (!known) {
    const TypeInZone& of = types_[index(type)];
    const LinkEnd node{of.zone, of.gpu, of.gpus_per_node};
    known = problem_.cluster.network->between(node, node).peak_bytes_per_s();
  }
  return *known;
}

double Links::inside_node(int type) {
  std::optional<double>& known = inside_[index(type)];
  if (known) return *known;
  const TypeInZone& of = types_[index(type)];
  known = published_inside_node(problem_, of);
  if (!known) {
    const auto link = problem_.cluster.network->inside_node(of.gpu, of.gpus_per_node);
    if (link) known = link->peak_bytes_per_s();
  }
  if (!known) {
    // A network of links between nodes only: the data sheet's.
    const auto spec = find_gpu(of.gpu);
    const double most = spec ? std::max(spec->nvlink_bytes_per_s, spec->pcie_bytes_per_s) : 0;
    known = most > 0 ? most : between_nodes(type);
  }
  return *known;
}

double Links::of_group(const std::vector<Rank>& ranks, int first, int count, int stride) {
  const int end = first + count * stride;
  const int node = ranks[index(first)].node;
  bool one_node = true;
  for (int r = first; r < end && one_node; r += stride) one_node = ranks[index(r)].node == node;
  double least = std::numeric_limits<double>::infinity();
  int last = -1;
  for (int r = first; r < end; r += stride) {
    const int type = ranks[index(r)].gpu;
    if (type == last) continue;
    last = type;
    least = std::min(least, one_node ? inside_node(type) : between_nodes(type));
  }
  return least;
}

}  // namespace sextant::metis
