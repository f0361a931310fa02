#include "planner/training/elastic/period_choice.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include <fmt/format.h>

#include "analyzer/core/table.h"

namespace sextant::elastic {

namespace {

/// What counts as no difference, so that rounding moves nothing.
constexpr double kSame = 1e-6;

/// As the objective sees it, least first, of plans as they run.
std::pair<double, double> value(const Candidate& candidate, Objective objective) {
  const double iteration_s = candidate.prediction.iteration_s;
  switch (objective) {
    case Objective::kCost:
      return {candidate.prediction.usd_per_iter(), iteration_s};
    case Objective::kGpus:
      return {gpu_count(candidate.move.placed.plan), iteration_s};
    case Objective::kThroughput:
      break;
  }
  return {iteration_s, 0};
}

/// The same over `stay_s`, with what the move costs.
std::pair<double, double> value_over(const Candidate& candidate, Objective objective,
                                     double stay_s) {
  const Prediction& prediction = candidate.prediction;
  const double iterations =
      (stay_s - candidate.downtime_s) / prediction.iteration_s - candidate.lost_iterations;
  switch (objective) {
    case Objective::kCost: {
      if (iterations <= 0) return {HUGE_VAL, candidate.downtime_s};
      const double usd = usd_per_s(prediction) * stay_s + prediction.egress_usd * iterations +
                         candidate.move.egress_usd;
      return {usd / iterations, 0};
    }
    case Objective::kGpus:
      return {gpu_count(candidate.move.placed.plan), -iterations};
    case Objective::kThroughput:
      break;
  }
  return {-iterations, 0};
}

bool clearly_less(const std::pair<double, double>& a, const std::pair<double, double>& b) {
  const auto less = [](double x, double y) { return x < y - kSame * std::abs(y); };
  if (less(a.first, b.first)) return true;
  return !less(b.first, a.first) && less(a.second, b.second);
}

template <typename Value>
std::size_t least(const std::vector<Candidate>& candidates, const Value& value_of) {
  std::size_t out = 0;
  for (std::size_t i = 1; i < candidates.size(); ++i) {
    if (clearly_less(value_of(candidates[i]), value_of(candidates[out]))) out = i;
  }
  return out;
}

/// "3.1 % faster": what `better` has over `other`; "" where that is nothing.
std::string advantage(const Candidate& better, const Candidate& other, Objective objective) {
  if (!clearly_less(value(better, objective), value(other, objective))) return "";
  if (objective == Objective::kGpus) {
    const int fewer = gpu_count(other.move.placed.plan) - gpu_count(better.move.placed.plan);
    if (fewer > 0) return fmt::format("has {} fewer GPUs", fewer);
  }
  if (objective == Objective::kCost) {
    return fmt::format("is {:.1f} % cheaper", 100 * (1 - better.prediction.usd_per_iter() /
                                                             other.prediction.usd_per_iter()));
  }
  return fmt::format("is {:.1f} % faster",
                     100 * (other.prediction.iteration_s / better.prediction.iteration_s - 1));
}

}  // namespace

double usd_per_s(const Prediction& prediction) {
  return prediction.compute_usd / prediction.iteration_s;
}

std::size_t choose(const std::vector<Candidate>& candidates, const Job& job, MovePolicy policy,
                   std::optional<double> expected_stay_s) {
  const auto index_of = [&](const auto& is) {
    return static_cast<std::size_t>(std::find_if(candidates.begin(), candidates.end(), is) -
                                    candidates.begin());
  };
  const std::size_t kept = index_of([](const Candidate& one) { return one.keeps(); });
  const std::size_t best = index_of([](const Candidate& one) { return one.best; });
  const bool keeps = kept < candidates.size();
  if (policy == MovePolicy::kHold && keeps) return kept;
  if (policy == MovePolicy::kPay && expected_stay_s) {
    return least(candidates, [&](const Candidate& one) {
      return value_over(one, job.objective, *expected_stay_s);
    });
  }
  if (best == candidates.size()) {
    return least(candidates, [&](const Candidate& one) { return value(one, job.objective); });
  }
  const bool better = !keeps || clearly_less(value(candidates[best], job.objective),
                                             value(candidates[kept], job.objective));
  return better ? best : kept;
}

std::string reason(const std::vector<Candidate>& candidates, std::size_t chosen, const Job& job,
                   MovePolicy policy, std::optional<double> expected_stay_s) {
  const Candidate& taken = candidates[chosen];
  const auto find = [&](const auto& is) {
    const auto found = std::find_if(candidates.begin(), candidates.end(), is);
    return found == candidates.end() ? nullptr : &*found;
  };
  const Candidate* best = find([](const Candidate& one) { return one.best; });
  const Candidate* kept = find([](const Candidate& one) { return one.keeps(); });
  const std::string more = best != nullptr ? advantage(*best, taken, job.objective) : "";
  const std::string within =
      expected_stay_s ? fmt::format(" within {}", format_seconds(*expected_stay_s)) : "";
  if (taken.keeps()) {
    if (more.empty()) return "no plan is better";
    return policy == MovePolicy::kHold
               ? fmt::format("the best plan {}, but its GPUs are there", more)
               : fmt::format("the best plan {}, which does not pay{}", more, within);
  }
  std::string text;
  if (taken.move.gpus_lost > 0) text = fmt::format("{} of its GPUs went", taken.move.gpus_lost);
  if (taken.move.loses_work) text += ": back to the checkpoint";
  if (text.empty() && kept != nullptr) {
    const std::string gain = advantage(taken, *kept, job.objective);
    text = gain.empty() ? "another plan" : fmt::format("the new plan {}", gain);
  }
  if (text.empty()) text = "begins from storage";
  if (!more.empty()) text += fmt::format("; the best plan {}, but is dearer to reach", more);
  return text;
}

}  // namespace sextant::elastic
