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
/// Grids that are put before the target at most.
constexpr int kMostGrids = 20000;
/// Where so many are all refused for one reason, it lies in the model, the job or the settings.
constexpr int kAlikeGrids = 200;

/// The pools of the cluster with the GPUs that the plan has of them.
std::vector<GpuPool> pools_of(const Plan& plan, const Cluster& cluster) {
  std::vector<GpuPool> out;
  for (const GpuUse& use : gpus_used(plan)) {
    const GpuPool* pool = cluster.find(use.gpu, use.zone);
    if (pool == nullptr) continue;
    out.push_back(*pool);
    out.back().count = std::min(use.count, pool->count);
  }
  return out;
}

Plan with_equal_shares(Plan plan) {
  plan.split = BatchSplit::kMicrobatches;
  for (Pipeline& pipeline : plan.pipelines) {
    for (Stage& stage : pipeline.stages) {
      for (Replica& replica : stage.replicas) replica.share = 0;
    }
  }
  return plan;
}

class NearestSearch {
 public:
  NearestSearch(const LaunchTarget& target, const LaunchJob& job, const TrainingProblem& problem,
                const Estimator& estimator)
      : target_(target), estimator_(estimator), problem_(problem), candidate_(job) {
    candidate_.nodes.clear();
    candidate_.prediction.reset();
  }

  std::optional<NearestPlan> search(const Plan& refused);

 private:
  std::vector<std::vector<Plan>> settings_of(const Plan& plan) const;
  bool models(const Plan& plan) const;
  void search(const std::vector<Plan>& settings, const std::vector<GpuPool>& pools);
  /// Whether the target runs it; where not, narrows common_obstacles_.
  bool consider(const Plan& plan);
  double best_s() const {
    return best_ ? best_->prediction.iteration_s : std::numeric_limits<double>::infinity();
  }

  const LaunchTarget& target_;
  const Estimator& estimator_;
  const TrainingProblem& problem_;
  LaunchJob candidate_;
  std::optional<NearestPlan> best_;
  /// Of all that the target was asked for in one search; nothing once it runs a plan.
  std::optional<std::vector<std::string>> common_obstacles_;
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

/// The plan in its own settings and in others that its estimator models, by how many of them are
/// changed.
std::vector<std::vector<Plan>> NearestSearch::settings_of(const Plan& plan) const {
  std::vector<std::vector<Plan>> out(4);
  out[0] = {plan};
  const bool scheduled = plan.schedule == ScheduleKind::kOneFOneB;
  for (const bool other_recompute : {false, true}) {
    for (const bool other_schedule : {false, true}) {
      if (other_schedule && scheduled) continue;
      for (int zero_stage = 0; zero_stage <= 3; ++zero_stage) {
        const int changed =
            (other_recompute ? 1 : 0) + (other_schedule ? 1 : 0) + (zero_stage != plan.zero_stage);
        if (changed == 0) continue;
        Plan other = plan;
        other.recompute = plan.recompute != other_recompute;
        other.zero_stage = zero_stage;
        if (other_schedule) other.schedule = ScheduleKind::kOneFOneB;
        if (models(other)) out[static_cast<std::size_t>(changed)].push_back(std::move(other));
      }
    }
  }
  return out;
}

bool NearestSearch::consider(const Plan& plan) {
  candidate_.plan = plan;
  std::vector<std::string> obstacles = target_.obstacles(candidate_);
  if (common_obstacles_) {
    std::erase_if(*common_obstacles_, [&](const std::string& common) {
      return std::find(obstacles.begin(), obstacles.end(), common) == obstacles.end();
    });
  } else {
    common_obstacles_ = obstacles;
  }
  if (!obstacles.empty()) return false;
  try {
    const Prediction prediction = estimator_.predict(problem_, plan);
    const bool faster = prediction.iteration_s < best_s();
    const bool smaller =
        best_ && prediction.iteration_s == best_s() && gpu_count(plan) < gpu_count(best_->plan);
    if (prediction.fits && (faster || smaller)) best_ = NearestPlan{plan, prediction, {}, ""};
  } catch (const Error& error) {
    // What was not measured, what has no link, and what the estimator does not model.
    if (error.code() != ErrorCode::kBadInput && error.code() != ErrorCode::kInfeasible) throw;
  }
  return true;
}

void NearestSearch::search(const std::vector<Plan>& settings, const std::vector<GpuPool>& pools) {
  common_obstacles_.reset();
  struct Grid {
    std::size_t setting;
    UniformPlans::Shape shape;
  };
  std::vector<UniformPlans> plans;
  std::vector<Grid> grids;
  plans.reserve(settings.size());
  for (const Plan& like : settings) {
    UniformPlans& uniform = plans.emplace_back(problem_, candidate_.model, like, pools);
    for (const UniformPlans::Shape& shape : uniform.shapes()) {
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
    if (++seen > kMostGrids || (best_ && predicted >= kMostPredictions)) break;
    if (seen > kAlikeGrids && common_obstacles_ && !common_obstacles_->empty()) break;
    if (consider(plans[grid.setting].plan(grid.shape))) ++predicted;
  }
}

std::optional<NearestPlan> NearestSearch::search(const Plan& refused) {
  const std::vector<std::vector<Plan>> settings = settings_of(with_equal_shares(refused));
  // The plan itself with as few settings changed as possible; a grid with no more may be faster.
  std::size_t most_changed = 0;
  while (most_changed < settings.size() && !best_) {
    for (const Plan& plan : settings[most_changed]) consider(plan);
    if (!best_) ++most_changed;
  }
  if (!best_) most_changed = 0;
  const std::vector<GpuPool> own = pools_of(refused, problem_.cluster);
  for (const std::vector<GpuPool>* pools : {&own, &problem_.cluster.pools}) {
    for (std::size_t changed = 0; changed < settings.size(); ++changed) {
      search(settings[changed], *pools);
      if (best_ && changed >= most_changed) return std::move(best_);
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<NearestPlan> nearest_plan(const LaunchTarget& target, const LaunchJob& job,
                                        const TrainingInput& input, const Estimator& estimator) {
  const TrainingProblem problem = input.problem();
  const Prediction original = estimator.predict(problem, job.plan);
  std::optional<NearestPlan> found =
      NearestSearch(target, job, problem, estimator).search(job.plan);
  if (!found) return std::nullopt;
  NearestPlan out = std::move(*found);
  out.original = original;
  out.changes = plan_changes(job.plan, original, out.plan, out.prediction);
  return out;
}

}  // namespace sextant
