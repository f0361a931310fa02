#include "planner/training/sextant/type_pipelines.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace sextant::search {

namespace {

/// The problem on one GPU type, with a part of the batch. Owns what it changes.
struct PartOfProblem {
  PartOfProblem(const TrainingProblem& whole, const std::string& type, int global_batch)
      : job(whole.job), cluster(whole.cluster) {
    job.global_batch = global_batch;
    job.objective = Objective::kThroughput;
    job.max_usd_per_iter.reset();
    job.min_iters_per_s.reset();
    for (GpuPool& pool : cluster.pools) {
      if (pool.gpu != type) pool.count = 0;
    }
  }
  TrainingProblem problem(const TrainingProblem& whole) const {
    return {job, whole.profile, cluster, whole.calibration, whole.disturbance, whole.model};
  }

  Job job;
  Cluster cluster;
};

/// The pipelines of all parts; each part's microbatches divided among its replicas as evenly as
/// they go.
Plan side_by_side(const std::vector<Plan>& parts, int global_batch) {
  Plan out = parts.front();
  out.global_batch = global_batch;
  out.split = BatchSplit::kMicrobatches;
  out.pipelines.clear();
  for (const Plan& part : parts) {
    const int microbatches = (part.global_batch + part.microbatch - 1) / part.microbatch;
    for (const Pipeline& pipeline : part.pipelines) {
      Pipeline& here = out.pipelines.emplace_back(pipeline);
      const int replicas = static_cast<int>(here.stages.front().replicas.size());
      for (Stage& stage : here.stages) {
        for (int r = 0; r < replicas; ++r) {
          stage.replicas[static_cast<std::size_t>(r)].share =
              microbatches / replicas + (r < microbatches % replicas ? 1 : 0);
        }
      }
    }
  }
  return out;
}

}  // namespace

std::vector<Plan> type_pipelines(const TrainingProblem& problem,
                                 const std::vector<int>& microbatches, const QuickSearch& search) {
  std::vector<std::string> types;
  for (const GpuPool& pool : problem.cluster.pools) {
    if (pool.count > 0 && std::find(types.begin(), types.end(), pool.gpu) == types.end()) {
      types.push_back(pool.gpu);
    }
  }
  std::vector<Plan> out;
  if (types.size() < 2) return out;
  const int batch = problem.job.global_batch;
  for (const int microbatch : microbatches) {
    std::vector<double> rates;
    double sum = 0;
    for (const std::string& type : types) {
      const PartOfProblem part(problem, type, batch);
      const auto alone = search(part.problem(problem), microbatch);
      rates.push_back(alone ? alone->iters_per_s : 0);
      sum += rates.back();
    }
    std::vector<Plan> parts;
    int left = batch / microbatch;  // microbatches, the last perhaps not whole
    if (batch % microbatch > 0) ++left;
    const int all = left;
    for (std::size_t t = 0; t < types.size() && left > 0; ++t) {
      if (!(rates[t] > 0)) continue;
      const bool is_last = std::none_of(rates.begin() + static_cast<std::ptrdiff_t>(t) + 1,
                                        rates.end(), [](double rate) { return rate > 0; });
      const int share =
          is_last ? left : std::min(left, static_cast<int>(std::lround(all * rates[t] / sum)));
      if (share < 1) continue;
      const PartOfProblem part(problem, types[t], share * microbatch);
      auto found = search(part.problem(problem), microbatch);
      if (!found) {
        parts.clear();
        break;
      }
      parts.push_back(std::move(found->plan));
      left -= share;
    }
    if (parts.size() > 1 && left == 0) out.push_back(side_by_side(parts, batch));
  }
  return out;
}

}  // namespace sextant::search
