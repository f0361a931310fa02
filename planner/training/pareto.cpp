#include "planner/training/pareto.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

#include "analyzer/cluster/prices.h"
#include "analyzer/core/interrupt.h"
#include "planner/training/gap.h"

namespace sextant {

namespace {

/// Plans that differ by less are one point: sums in another order differ by it.
constexpr double kSame = 1e-9;

/// Where points between two neighbours can be, open at all sides. `fast` and `slow` are those
/// neighbours' figures.
struct Box {
  double low_usd = 0;
  double high_usd = 0;
  double low_speed = 0;
  double high_speed = 0;
  double fast_usd = 0;
  double slow_speed = 0;

  double width() const { return high_usd - low_usd; }
  double height() const { return high_speed - low_speed; }
  double area() const { return std::max(0.0, width()) * std::max(0.0, height()); }
};

class Front {
 public:
  Front(const Planner& planner, const TrainingProblem& problem, const Estimator& judge,
        const ParetoOptions& options)
      : planner_(planner), problem_(problem), judge_(judge), options_(options) {
    if (options.planner.time_limit_s) {
      end_ = std::chrono::steady_clock::now() +
             std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                 std::chrono::duration<double>(*options.planner.time_limit_s));
    }
  }

  ParetoFront run();

 private:
  using Question = std::optional<double>;

  /// The best plan within the job's bounds and these.
  PlannedJob search(Objective objective, Question max_usd, Question min_speed);
  /// The answer to the question about `objective` or, where one is better by the other objective
  /// and no worse by this one, that.
  ParetoPoint refined(PlannedJob answer, Objective objective);
  void split_by_cost(Box box);
  void split_by_speed(Box box);
  void find_between();
  bool stopped() const;
  void finish();

  const Planner& planner_;
  const TrainingProblem& problem_;
  const Estimator& judge_;
  const ParetoOptions& options_;
  std::optional<std::chrono::steady_clock::time_point> end_;

  ParetoFront out_;
  std::vector<Box> boxes_;
  Box whole_;  ///< between the fastest and the cheapest plan
};

double usd(const ParetoPoint& point) {
  return point.planned.prediction.usd_per_iter();
}

double speed(const ParetoPoint& point) {
  return point.planned.prediction.iters_per_s();
}

bool Front::stopped() const {
  return interrupted() || (end_ && std::chrono::steady_clock::now() >= *end_);
}

PlannedJob Front::search(Objective objective, Question max_usd, Question min_speed) {
  Job job = problem_.job;
  job.objective = objective;
  if (max_usd) job.max_usd_per_iter = std::min(*max_usd, job.max_usd_per_iter.value_or(HUGE_VAL));
  if (min_speed) job.min_iters_per_s = std::max(*min_speed, job.min_iters_per_s.value_or(0));
  TrainingProblem problem = {
      job,           problem_.profile, problem_.cluster, problem_.calibration, problem_.disturbance,
      problem_.model};
  PlannerOptions options = options_.planner;
  for (const ParetoPoint& point : out_.points) options.known_plans.push_back(point.planned.plan);
  if (end_) {
    // Two searches a point: none of them may take the time of the others.
    constexpr double kLeast = 1e-3;
    const std::chrono::duration<double> left = *end_ - std::chrono::steady_clock::now();
    const double searches_left = 2.0 * options_.points - static_cast<double>(out_.searches);
    options.time_limit_s = std::max(kLeast, left.count() / std::max(1.0, searches_left));
  }
  PlannedJob answer = plan_job(planner_, problem, judge_, options);
  ++out_.searches;
  if (options_.progress) options_.progress(out_.searches, out_.points.size());
  if (answer.feasible && !proved_best(answer, objective)) out_.proved = false;
  return answer;
}

ParetoPoint Front::refined(PlannedJob answer, Objective objective) {
  const bool asked_speed = objective == Objective::kThroughput;
  const Objective other = asked_speed ? Objective::kCost : Objective::kThroughput;
  const double found_usd = answer.prediction.usd_per_iter();
  const double found_speed = answer.prediction.iters_per_s();
  PlannedJob again = asked_speed ? search(other, {}, found_speed * (1 - kSame))
                                 : search(other, found_usd * (1 + kSame), {});
  if (!again.feasible) {  // although `answer` is feasible: a planner that proves nothing
    out_.proved = false;
    return {std::move(answer), false};
  }
  const bool proved = proved_best(answer, objective) && proved_best(again, other);
  const auto speed_bound = (asked_speed ? answer : again).search.bound_iters_per_s;
  const auto usd_bound = (asked_speed ? again : answer).search.bound_usd_per_iter;
  const bool better = asked_speed ? again.prediction.usd_per_iter() < found_usd * (1 - kSame)
                                  : again.prediction.iters_per_s() > found_speed * (1 + kSame);
  ParetoPoint point = {better ? std::move(again) : std::move(answer), proved};
  point.planned.search.bound_iters_per_s = speed_bound;
  point.planned.search.bound_usd_per_iter = usd_bound;
  return point;
}

void Front::split_by_cost(Box box) {
  const double cut = (box.low_usd + box.high_usd) / 2;
  PlannedJob answer = search(Objective::kThroughput, cut, {});
  if (!answer.feasible || answer.prediction.iters_per_s() <= box.slow_speed * (1 + kSame)) {
    box.low_usd = cut;  // none there costs less
    boxes_.push_back(box);
    return;
  }
  ParetoPoint point = refined(std::move(answer), Objective::kThroughput);
  Box cheaper = box;
  cheaper.high_usd = cheaper.fast_usd = usd(point);
  cheaper.high_speed = speed(point);
  Box faster = box;
  faster.low_usd = cut;
  faster.low_speed = faster.slow_speed = speed(point);
  boxes_.insert(boxes_.end(), {cheaper, faster});
  out_.points.push_back(std::move(point));
}

void Front::split_by_speed(Box box) {
  const double cut = (box.low_speed + box.high_speed) / 2;
  PlannedJob answer = search(Objective::kCost, {}, cut);
  if (!answer.feasible || answer.prediction.usd_per_iter() >= box.fast_usd * (1 - kSame)) {
    box.high_speed = cut;  // none there is faster
    boxes_.push_back(box);
    return;
  }
  ParetoPoint point = refined(std::move(answer), Objective::kCost);
  Box cheaper = box;
  cheaper.high_usd = cheaper.fast_usd = usd(point);
  cheaper.high_speed = cut;
  Box faster = box;
  faster.low_usd = usd(point);
  faster.low_speed = faster.slow_speed = speed(point);
  boxes_.insert(boxes_.end(), {cheaper, faster});
  out_.points.push_back(std::move(point));
}

/// Divides the box of most area until there are points enough, or no box has more than the share
/// that so many evenly spread points would leave.
void Front::find_between() {
  const auto most = static_cast<double>(options_.points);
  while (out_.points.size() < static_cast<std::size_t>(options_.points)) {
    const auto box = std::max_element(boxes_.begin(), boxes_.end(), [](const Box& a, const Box& b) {
      return a.area() < b.area();
    });
    if (box == boxes_.end() || box->area() * most * most <= whole_.area()) return;
    if (stopped()) {
      out_.complete = false;
      return;
    }
    const Box chosen = *box;
    boxes_.erase(box);
    if (chosen.width() * whole_.height() >= chosen.height() * whole_.width()) {
      split_by_cost(chosen);
    } else {
      split_by_speed(chosen);
    }
  }
}

/// Sorts, drops what another point beats, and measures what is open.
void Front::finish() {
  std::stable_sort(out_.points.begin(), out_.points.end(),
                   [](const ParetoPoint& a, const ParetoPoint& b) {
                     return speed(a) != speed(b) ? speed(a) > speed(b) : usd(a) < usd(b);
                   });
  std::vector<ParetoPoint> kept;
  for (ParetoPoint& point : out_.points) {
    if (kept.empty() || usd(point) < usd(kept.back()) * (1 - kSame)) {
      kept.push_back(std::move(point));
    }
  }
  out_.points = std::move(kept);
  for (const Box& box : boxes_) {
    if (box.area() <= 0) continue;
    out_.most_missed_iters_per_s =
        std::max(out_.most_missed_iters_per_s, box.high_speed - box.slow_speed);
    out_.most_missed_usd_per_iter =
        std::max(out_.most_missed_usd_per_iter, box.fast_usd - box.low_usd);
  }
}

ParetoFront Front::run() {
  PlannedJob fastest = search(Objective::kThroughput, {}, {});
  if (!fastest.feasible) throw Error(fastest.failure, fastest.reason);
  out_.points.push_back(refined(std::move(fastest), Objective::kThroughput));
  PlannedJob cheapest = search(Objective::kCost, {}, {});
  const double dearest_usd = usd(out_.points.front());
  if (!cheapest.feasible) {
    out_.proved = false;
  } else if (cheapest.prediction.usd_per_iter() < dearest_usd * (1 - kSame)) {
    ParetoPoint last = refined(std::move(cheapest), Objective::kCost);
    const double most_speed = speed(out_.points.front());
    whole_ = {usd(last), dearest_usd, speed(last), most_speed, dearest_usd, speed(last)};
    out_.points.push_back(std::move(last));
    boxes_.push_back(whole_);
    find_between();
  }
  out_.complete = out_.complete && !stopped();
  finish();
  return std::move(out_);
}

}  // namespace

ParetoFront pareto_front(const Planner& planner, const TrainingProblem& problem,
                         const Estimator& judge, const ParetoOptions& options) {
  require_prices(problem.cluster, "a Pareto front of time and cost");
  return Front(planner, problem, judge, options).run();
}

}  // namespace sextant
