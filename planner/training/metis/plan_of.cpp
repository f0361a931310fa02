#include "planner/training/metis/plan_of.h"

#include <utility>

namespace sextant::metis_search {

namespace {

/// First node of each type's, by type.
std::vector<int> first_nodes(std::size_t types, const std::vector<metis::Rank>& ranks) {
  std::vector<int> first(types, -1);
  for (const metis::Rank& rank : ranks) {
    int& node = first[static_cast<std::size_t>(rank.gpu)];
    if (node < 0) node = rank.node;
  }
  return first;
}

/// The machines of `count` ranks from `first`.
std::vector<Machine> machines_of(const std::vector<TypeStock>& stock,
                                 const std::vector<metis::Rank>& ranks,
                                 const std::vector<int>& first_node, int first, int count) {
  std::vector<Machine> machines;
  int last_node = -1;
  for (int r = first; r < first + count; ++r) {
    const metis::Rank& rank = ranks[static_cast<std::size_t>(r)];
    if (rank.node != last_node) {
      const auto type = static_cast<std::size_t>(rank.gpu);
      machines.push_back(
          {stock[type].type.gpu, stock[type].type.zone, rank.node - first_node[type], 0});
      last_node = rank.node;
    }
    ++machines.back().count;
  }
  if (machines.size() == 1) machines.front().node = -1;
  return machines;
}

}  // namespace

Plan plan_of(const TrainingProblem& problem, const std::vector<TypeStock>& stock,
             const std::vector<metis::Rank>& ranks, const Candidate& candidate) {
  const std::vector<int> first_node = first_nodes(stock.size(), ranks);
  Plan plan;
  plan.model = problem.profile.model;
  plan.layer_count = problem.profile.layer_count;
  plan.global_batch = problem.job.global_batch;
  plan.microbatch = plan.global_batch /
                    (candidate.batches * (candidate.group_sizes.front() / candidate.tp.front()));
  Pipeline& pipeline = plan.pipelines.emplace_back();
  int rank = 0;
  int layer = 0;
  for (std::size_t s = 0; s < candidate.tp.size(); ++s) {
    Stage& stage = pipeline.stages.emplace_back();
    stage.chunks = {{layer, candidate.layer_ends[s]}};
    layer = candidate.layer_ends[s];
    const int tp = candidate.tp[s];
    for (int used = 0; used < candidate.group_sizes[s]; used += tp, rank += tp) {
      stage.replicas.push_back({machines_of(stock, ranks, first_node, rank, tp), tp, 0});
    }
  }
  return plan;
}

}  // namespace sextant::metis_search
