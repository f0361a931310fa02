#include "launch/emit/training/nearest_plan.h"

#include <algorithm>
#include <limits>

#include "analyzer/core/error.h"
#include "analyzer/training/separable.h"
#include "launch/emit/training/plan_changes.h"
#include "launch/emit/training/uniform_plans.h"

namespace sextant {

namespace {

/// Grids that are predicted at most, from the one that could be fastest on.
constexpr int kMostPredictions = 400;
/// Shapes whose plans are put before the target at most.
constexpr int kMostShapes = 20000;

class NearestSearch {
 public:
  NearestSearch(const LaunchTarget& target, const LaunchJob& job, const TrainingProblem& problem,
                const Estimator& estimator)
      : target_(target), estimator_(estimator), problem_(problem), candidate_(job) {
    candidate_.nodes.clear();
    candidate_.prediction.reset();
  }

  void search(const Plan& refused);
  std::optional<NearestPlan> best;

 private:
  std::vector<Plan> settings_of(const Plan& plan) const;
  bool models(const Plan& plan) const;
  /// Whether the plan was predicted.
  bool consider(const Plan& plan);
  double best_s() const {
    return best ? best->prediction.iteration_s : std::numeric_limits<double>::infinity();
  }

  const LaunchTarget& target_;
  const Estimator& estimator_;
  const TrainingProblem& problem_;
  LaunchJob candidate_;
};

/// A model that separates says of which settings; what has none is asked for nothing new.
bool NearestSearch::models(const Plan& plan) const {
  try {
    return estimator_.separable(problem_, {plan.microbatch, plan.schedule, plan.zero_stage,
                                           plan.recompute}) != nullptr;
  } catch (const Error&) {
    return false;
  }
}

/// The plan in its own settings and in others that its estimator models, fewest changes first.
std::vector<Plan> NearestSearch::settings_of(const Plan& plan) const {
  std::vector<Plan> out = {plan};
  const auto add = [&](ScheduleKind schedule, int zero_stage, bool recompute) {
    Plan other = plan;
    other.schedule = schedule;
    other.zero_stage = zero_stage;
    other.recompute = recompute;
    // zb-h1 is given up with sequence parallelism kept, never the other way round.
    for (const Plan& known : out) {
      if (known == other) return;
    }
    if (models(other)) out.push_back(std::move(other));
  };
  for (const bool recompute : {plan.recompute, !plan.recompute}) {
    for (const ScheduleKind schedule : {plan.schedule, ScheduleKind::kOneFOneB}) {
      for (const int zero_stage : {plan.zero_stage, 0, 1, 2, 3}) {
        add(schedule, zero_stage, recompute);
      }
    }
  }
  return out;
}

bool NearestSearch::consider(const Plan& plan) {
  candidate_.plan = plan;
  if (!target_.obstacles(candidate_).empty()) return false;
  try {
    const Prediction prediction = estimator_.predict(problem_, plan);
    const bool faster = prediction.iteration_s < best_s();
    const bool smaller =
        best && prediction.iteration_s == best_s() && gpu_count(plan) < gpu_count(best->plan);
    if (prediction.fits && (faster || smaller)) best = NearestPlan{plan, prediction, {}, ""};
  } catch (const Error& error) {
    // What was not measured, what has no link, and what the estimator does not model.
    if (error.code() != ErrorCode::kBadInput && error.code() != ErrorCode::kInfeasible) throw;
  }
  return true;
}

void NearestSearch::search(const Plan& refused) {
  Plan equal = refused;
  equal.split = BatchSplit::kMicrobatches;
  for (Pipeline& pipeline : equal.pipelines) {
    for (Stage& stage : pipeline.stages) {
      for (Replica& replica : stage.replicas) replica.share = 0;
    }
  }
  const std::vector<Plan> edits = settings_of(equal);
  for (const Plan& plan : edits) consider(plan);
  // The settings in which grids are looked for: those of the edits.
  const bool chunked = refused.pipelines.front().stages.front().chunks.size() > 1;
  struct Grid {
    std::size_t setting;
    UniformPlans::Shape shape;
  };
  std::vector<UniformPlans> plans;
  std::vector<Grid> grids;
  plans.reserve(edits.size());
  for (std::size_t i = 0; i < edits.size(); ++i) {
    if (chunked && edits[i].schedule != ScheduleKind::kOneFOneB) continue;
    UniformPlans& of_setting = plans.emplace_back(problem_, candidate_.model, edits[i]);
    for (const UniformPlans::Shape& shape : of_setting.shapes()) {
      grids.push_back({plans.size() - 1, shape});
    }
  }
  std::stable_sort(grids.begin(), grids.end(),
                   [](const Grid& a, const Grid& b) { return a.shape.least_s < b.shape.least_s; });
  int predicted = 0;
  int seen = 0;
  for (const Grid& grid : grids) {
    // Nothing behind it can be faster.
    if (grid.shape.least_s >= best_s()) break;
    if (++seen > kMostShapes || (best && predicted >= kMostPredictions)) break;
    if (consider(plans[grid.setting].plan(grid.shape))) ++predicted;
  }
}

}  // namespace

std::optional<NearestPlan> nearest_plan(const LaunchTarget& target, const LaunchJob& job,
                                        const TrainingInput& input, const Estimator& estimator) {
  const TrainingProblem problem = input.problem();
  const Prediction original = estimator.predict(problem, job.plan);
  NearestSearch search(target, job, problem, estimator);
  search.search(job.plan);
  if (!search.best) return std::nullopt;
  NearestPlan out = std::move(*search.best);
  out.original = original;
  out.changes = plan_changes(job.plan, original, out.plan, out.prediction);
  return out;
}

}  // namespace sextant
