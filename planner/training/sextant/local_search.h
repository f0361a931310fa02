#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "analyzer/plan/job.h"
#include "planner/training/sextant/archive.h"

namespace sextant::search {

/// Improves a plan step by step by what the stage search does not try, as long as the judge finds
/// it better: a layer moved from one stage to its neighbour, another schedule that the job allows,
/// a microbatch moved from one replica to another. Deterministic; ends where no step helps, or
/// after `most_judgements`.
class LocalSearch {
 public:
  /// Nothing where the plan does not fit, misses a bound of the job, or cannot be judged.
  using Judge = std::function<std::optional<JudgedPlan>(const Plan&)>;

  LocalSearch(Freedom freedom, Judge judge, std::uint64_t most_judgements)
      : freedom_(std::move(freedom)), judge_(std::move(judge)), left_(most_judgements) {}

  JudgedPlan improve(JudgedPlan plan);
  std::uint64_t left() const { return left_; }

 private:
  bool take_if_better(JudgedPlan& best, const Plan& plan);
  bool move_layers(JudgedPlan& best);
  bool change_schedule(JudgedPlan& best);
  bool move_microbatches(JudgedPlan& best);

  Freedom freedom_;
  Judge judge_;
  std::uint64_t left_;
};

}  // namespace sextant::search
