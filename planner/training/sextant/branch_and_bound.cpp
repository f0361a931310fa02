#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

#include "planner/training/sextant/index.h"
#include "planner/training/sextant/search.h"
#include "planner/training/sextant/search_limits.h"

namespace sextant::search {

/// Looks into all tasks at once; what is found is taken in their order. Returns the best score that
/// each found, infinity where none.
std::vector<double> Search::do_round(const std::vector<Task>& tasks) {
  std::vector<Finding> findings(tasks.size());
  std::atomic<std::size_t> next{0};
  const auto work = [&](std::size_t worker) {
    for (std::size_t t = next++; t < tasks.size(); t = next++) {
      findings[t] = look_into(tasks[t], memories_[worker]);
    }
  };
  const std::size_t workers = std::min<std::size_t>(threads_, tasks.size());
  {
    std::vector<std::jthread> others;
    for (std::size_t worker = 1; worker < workers; ++worker) others.emplace_back(work, worker);
    work(0);
  }
  std::vector<double> scores;
  for (Finding& finding : findings) {
    scores.push_back(kNever);
    for (const JudgedPlan& plan : finding.plans) {
      scores.back() = std::min(scores.back(), plan.score);
    }
    left_ -= std::min(left_, finding.evaluations);
    for (JudgedPlan& plan : finding.plans) keep(std::move(plan));
    least_formula_ = std::min(least_formula_, finding.least_formula);
    refused_ = std::min(refused_, finding.refused);
    for (Candidate& candidate : finding.open) {
      open_.push_back(candidate);
      std::push_heap(open_.begin(), open_.end(), later);
    }
  }
  return scores;
}

void Search::branch_and_bound() {
  std::vector<Candidate> parked;
  double first_bound = 0;
  const std::uint64_t left_at_start = left_;
  while (!open_.empty() && left_ > 0 && !stopped()) {
    // The proof is given up where the bound, rising on as it did, would not meet the best plan.
    const double bound = open_.front().lower;
    const std::uint64_t spent = left_at_start - left_;
    if (first_bound == 0) first_bound = bound;
    if (spent > budget_ / kPartToJudgeBy && std::isfinite(cut())) {
      const double rise = (bound - first_bound) / static_cast<double>(spent);
      if (cut() - bound > rise * static_cast<double>(left_)) break;
    }
    std::vector<Task> tasks;
    while (tasks.size() < kRound && !open_.empty() && open_.front().lower < cut() * (1 - kProved)) {
      std::pop_heap(open_.begin(), open_.end(), later);
      if (open_.back().cut_short >= kMostCutShort) {
        parked.push_back(open_.back());
      } else {
        tasks.push_back({open_.back(), 0, false, 0});
      }
      open_.pop_back();
    }
    if (tasks.empty()) break;
    for (Task& task : tasks) {
      task.budget =
          std::min(kEvaluationsOfOneLook << (2 * task.candidate.cut_short), left_ / tasks.size());
      if (task.budget == 0) task.budget = 1;
    }
    do_round(tasks);
  }
  for (const Candidate& candidate : parked) {
    open_.push_back(candidate);
    std::push_heap(open_.begin(), open_.end(), later);
  }
}

}  // namespace sextant::search
