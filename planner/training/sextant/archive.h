#pragma once

#include <cstddef>
#include <limits>
#include <map>
#include <tuple>
#include <vector>

#include "planner/training/planner.h"
#include "planner/training/sextant/label.h"

namespace sextant::search {

/// A plan as the judge sees it.
struct JudgedPlan {
  Plan plan;
  Prediction prediction;
  double score = 0;
};

/// The best plans that a search met: of all, and of each shape.
class Archive {
 public:
  explicit Archive(const Goal& goal) : goal_(goal) {}

  /// Keeps the plan if it is the best of its shape; of equals the first.
  void add(JudgedPlan judged);
  bool empty() const { return best_ == nullptr; }
  /// Infinity where there is none.
  double best_score() const {
    return best_ == nullptr ? std::numeric_limits<double>::infinity() : best_->score;
  }
  const JudgedPlan& best() const { return *best_; }
  /// Best first, at most `most` of them.
  std::vector<const JudgedPlan*> ranked(std::size_t most) const;
  double score_of(const Plan& plan, const Prediction& prediction) const;

 private:
  /// Microbatch, stages of all pipelines, schedule, ZeRO stage, recomputation, GPU types.
  using Shape = std::tuple<int, std::size_t, ScheduleKind, int, bool, std::vector<std::string>>;
  static Shape shape_of(const Plan& plan);

  Goal goal_;
  std::map<Shape, JudgedPlan> by_shape_;
  const JudgedPlan* best_ = nullptr;
};

}  // namespace sextant::search
