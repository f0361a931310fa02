#include "tests/planner/exhaustive/message_times.h"

#include <algorithm>
#include <cmath>

namespace sextant::exhaustive {

namespace {

constexpr double kBucketBytes = 5e8;

bool takes_time(const TrainingProblem& problem, const Replica& from, const Replica& to, bool single,
                double bytes) {
  const Machine& a = from.machines[0];
  const Machine& b = to.machines[0];
  const auto link = problem.cluster.network->find({a.zone, a.gpu, single ? 1 : from.tp},
                                                  {b.zone, b.gpu, single ? 1 : to.tp});
  return link && link->transfer_s(bytes) > 0;
}

bool sync_takes_time(const TrainingProblem& problem, const Stage& stage) {
  const std::size_t replicas = stage.replicas.size();
  if (replicas < 2) return true;
  int least_tp = 4;  // the model counts no more
  for (const Replica& replica : stage.replicas) least_tp = std::min(least_tp, replica.tp);
  double bytes = 0;
  for (int l = stage.chunks[0].first; l < stage.chunks[0].end; ++l) {
    bytes += problem.profile.memory.at(1)[static_cast<std::size_t>(l)].parameter_bytes / least_tp;
  }
  const double rest = std::fmod(bytes, kBucketBytes);
  const auto pieces = static_cast<double>(replicas);
  for (std::size_t r = 0; r + 1 < replicas; ++r) {
    const Replica& a = stage.replicas[r];
    const Replica& b = stage.replicas[r + 1];
    if (bytes >= kBucketBytes && !takes_time(problem, a, b, true, kBucketBytes / pieces)) {
      return false;
    }
    if (rest > 0 && !takes_time(problem, a, b, true, rest / pieces)) return false;
  }
  return true;
}

}  // namespace

bool all_messages_take_time(const TrainingProblem& problem, const Plan& plan) {
  const std::vector<Stage>& stages = plan.pipelines[0].stages;
  const auto output_bytes = [&](int layer) {
    const LayerMemory& memory = problem.profile.memory.at(1)[static_cast<std::size_t>(layer)];
    return memory.output_bytes * plan.microbatch;
  };
  for (std::size_t s = 0; s < stages.size(); ++s) {
    if (!sync_takes_time(problem, stages[s])) return false;
    if (s + 1 == stages.size()) continue;
    const std::vector<Replica>& here = stages[s].replicas;
    const std::vector<Replica>& next = stages[s + 1].replicas;
    const double forward = output_bytes(stages[s].chunks[0].end - 1);
    const double backward = output_bytes(stages[s + 1].chunks[0].first);
    for (std::size_t r = 0; r < here.size(); ++r) {
      if (!takes_time(problem, here[r], next[r], false, forward)) return false;
      if (!takes_time(problem, next[r], here[r], false, backward)) return false;
    }
  }
  return true;
}

}  // namespace sextant::exhaustive
