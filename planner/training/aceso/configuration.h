#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "analyzer/training/aceso/cost_model.h"

namespace sextant::aceso_search {

/// What Aceso sees of a pool: nodes whose GPUs are a power of two, as its stages have such numbers
/// of them; the GPUs of a node beyond that stand idle.
struct Machines {
  int gpus = 0;
  int gpus_per_node = 1;
};
Machines machines_of(const GpuPool& pool);

/// A plan that was looked at.
struct Configuration {
  aceso::OperatorPlan plan;
  std::vector<aceso::OperatorStageCost> costs;
  double iteration_ms = 0;
  bool fits = true;

  double slowest_ms() const;
  double fullest_mb() const;
  /// Tells plans apart.
  std::uint64_t key() const;
};

/// Whether moves of GPUs may lead to the plan: all GPUs work, in stages of 1, 2, 4 or 8, and no
/// stage reaches across the end of a node.
bool is_legal(const aceso::OperatorPlan& plan, const Machines& machines);

/// What costs are counted with; one for each search.
class Judge {
 public:
  Judge(const aceso::Tables& tables, const GpuPool& pool, int global_batch)
      : model_(tables, machines_of(pool).gpus_per_node),
        machines_(machines_of(pool)),
        memory_mb_(pool.memory_bytes / aceso::kBytesPerMb),
        global_batch_(global_batch),
        operators_(tables.operators.size()) {}

  const Machines& machines() const { return machines_; }
  double memory_mb() const { return memory_mb_; }
  int operators() const { return operators_; }
  int global_batch() const { return global_batch_; }

  /// Nothing where a stage has no table at its microbatch.
  std::optional<Configuration> evaluate(aceso::OperatorPlan plan) const;
  /// Stage `index` of the plan as it would be from operator `first` to `end`.
  std::optional<aceso::OperatorStageCost> stage_cost(const aceso::OperatorPlan& plan, int index,
                                                     aceso::OperatorStage stage) const;
  /// Divides `gpus` among tensor and data parallel ranks so that the stage is fastest at the plan's
  /// stage batch. False where no table allows any.
  bool split(const aceso::OperatorPlan& plan, int index, int gpus,
             aceso::OperatorStage& stage) const;
  /// Time that the stage would take if a GPU were as efficient as at the best microbatch and
  /// degree there is, over the time that it takes.
  double efficiency(const aceso::OperatorPlan& plan, int index) const;

 private:
  aceso::CostModel model_;
  Machines machines_;
  double memory_mb_;
  int global_batch_;
  int operators_;
};

}  // namespace sextant::aceso_search
