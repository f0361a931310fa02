#include "planner/training/sextant/work_bound.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace sextant::search {

double work_bound(const TrainingProblem& problem, const Relaxation& relaxation, const Goal& goal,
                  int microbatch) {
  const auto all = static_cast<std::size_t>(relaxation.layer_count());
  const double microbatches = static_cast<double>(problem.job.global_batch) / microbatch;
  double capacity = 0;
  double fastest = 0;
  std::vector<std::string> types;
  for (const GpuPool& pool : problem.cluster.pools) {
    if (pool.count < 1) continue;
    // Types are counted as groupings do, in the order of their first pools.
    auto type = std::find(types.begin(), types.end(), pool.gpu);
    if (type == types.end()) type = types.insert(types.end(), pool.gpu);
    const double speed = relaxation.speed[static_cast<std::size_t>(type - types.begin())];
    capacity += pool.count * speed;
    fastest = std::max(fastest, speed);
  }
  if (!(capacity > 0) || !std::isfinite(relaxation.work_prefix_s[all])) {
    return std::numeric_limits<double>::infinity();
  }
  const double work = microbatches * relaxation.work_prefix_s[all];
  const double time = std::max(work / capacity, relaxation.least_compute_prefix_s[all]);
  const double usd = microbatches * relaxation.least_usd_prefix[all];
  const double gpus = std::max(1.0, work / (fastest * goal.max_iteration_s));
  return goal.score(time, usd, gpus);
}

}  // namespace sextant::search
