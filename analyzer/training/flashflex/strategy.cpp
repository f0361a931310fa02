#include "analyzer/training/flashflex/strategy.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/training/plan_checks.h"

namespace sextant::flashflex {

namespace {

class Builder {
 public:
  Builder(const TrainingProblem& problem, Strategy& out) : cluster_(problem.cluster), out_(out) {}

  void add_pipeline(const sextant::Pipeline& pipeline, std::size_t first_stage, int uniform_tp) {
    const std::size_t replicas = pipeline.stages.front().replicas.size();
    for (std::size_t r = 0; r < replicas; ++r) {
      StageList& stages = out_.pipelines.emplace_back();
      std::vector<Strategy::Place>& places = out_.places.emplace_back();
      for (std::size_t s = 0; s < pipeline.stages.size(); ++s) {
        const sextant::Stage& stage = pipeline.stages[s];
        if (stage.chunks.size() != 1) {
          throw_bad_input("estimator flashflex: does not model virtual chunks");
        }
        const Replica& replica = stage.replicas[r % stage.replicas.size()];
        const Machine& machine = replica.machines.front();
        const int type = type_of(machine);
        stages.push_back({type, machine_of(machine), uniform_tp > 0 ? uniform_tp : replica.tp,
                          static_cast<double>(stage.chunks.front().size())});
        places.push_back(
            {first_stage + s, stage.chunks.front(), out_.pools[static_cast<std::size_t>(type)]});
      }
    }
  }

 private:
  int type_of(const Machine& machine) {
    const GpuPool* pool = &pool_used(cluster_, machine.gpu, machine.zone);
    const auto found = std::find(out_.pools.begin(), out_.pools.end(), pool);
    if (found == out_.pools.end()) {
      out_.pools.push_back(pool);
      return static_cast<int>(out_.pools.size()) - 1;
    }
    return static_cast<int>(found - out_.pools.begin());
  }

  /// Replicas without a named machine have one each.
  int machine_of(const Machine& machine) {
    if (machine.node < 0) return machines_++;
    const auto key = std::make_tuple(machine.gpu, machine.zone, machine.node);
    const auto [at, added] = named_.try_emplace(key, machines_);
    if (added) ++machines_;
    return at->second;
  }

  const Cluster& cluster_;
  Strategy& out_;
  int machines_ = 0;
  std::map<std::tuple<std::string, std::string, int>, int> named_;
};

}  // namespace

Strategy strategy_of(const TrainingProblem& problem, const Plan& plan) {
  Strategy out;
  Builder builder(problem, out);
  int uniform_tp = 0;
  if (plan.pipelines.size() == 1) {
    const std::vector<sextant::Stage>& stages = plan.pipelines.front().stages;
    uniform_tp = stages.front().replicas.front().tp;
    out.shards = static_cast<int>(stages.size());
  }
  std::size_t first_stage = 0;
  for (const sextant::Pipeline& pipeline : plan.pipelines) {
    builder.add_pipeline(pipeline, first_stage, uniform_tp);
    first_stage += pipeline.stages.size();
  }
  return out;
}

}  // namespace sextant::flashflex
