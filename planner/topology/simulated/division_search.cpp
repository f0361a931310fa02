#include "planner/topology/simulated/division_search.h"

#include <exception>
#include <limits>
#include <memory>
#include <nlopt.h>
#include <optional>

#include "analyzer/core/error.h"
#include "planner/topology/simulated/feasible_divisions.h"
namespace sextant {

namespace {

/// Relative change of a bandwidth at first, by round.
constexpr double kFirstSteps[] = {0.1, 0.02, 0.3, 0.005};
/// A round that gains less, relatively, has found the end of its valley.
constexpr double kGain = 1e-6;

class Search {
 public:
  Search(const DivisionObjective& objective, const std::vector<BandwidthConstraint>& constraints,
         int max_evaluations)
      : objective_(objective), constraints_(constraints), max_evaluations_(max_evaluations) {}

  DivisionSearchResult run(const std::vector<std::vector<double>>& starts) {
    for (std::size_t i = 0; i < starts.size(); ++i) {
      const auto start = nearest_feasible(constraints_, starts[i]);
      if (start && evaluate(*start)) best_.start = i;
    }
    if (best_.bandwidth_bytes_per_s.empty()) {
      throw_infeasible("no start of the search is near a division that satisfies the constraints");
    }
    best_.start_objective = best_.objective;
    std::size_t idle = 0;
    for (std::size_t round = 0; idle < std::size(kFirstSteps) && left() > 0; ++round) {
      const double before = best_.objective;
      climb(kFirstSteps[round % std::size(kFirstSteps)]);
      idle = best_.objective < before * (1 - kGain) ? 0 : idle + 1;
    }
    return best_;
  }

 private:
  int left() const { return max_evaluations_ - best_.evaluations; }

  /// Whether it is the best so far.
  bool evaluate(const std::vector<double>& bandwidth) {
    ++best_.evaluations;
    last_ = objective_(bandwidth);
    if (!best_.bandwidth_bytes_per_s.empty() && !(last_ < best_.objective)) return false;
    best_.bandwidth_bytes_per_s = bandwidth;
    best_.objective = last_;
    return true;
  }

  /// One round from the best division.
  void climb(double first_step) {
    const FeasibleDivisions divisions(constraints_, best_.bandwidth_bytes_per_s);
    if (divisions.freedoms() == 0) return;
    around_ = &divisions;
    scale_ = best_.objective;
    const unsigned freedoms = static_cast<unsigned>(divisions.freedoms());
    const std::unique_ptr<nlopt_opt_s, decltype(&nlopt_destroy)> solver(
        nlopt_create(NLOPT_LN_NELDERMEAD, freedoms), nlopt_destroy);
    nlopt_set_min_objective(solver.get(), &Search::try_steps, this);
    nlopt_set_maxeval(solver.get(), left());
    nlopt_set_ftol_rel(solver.get(), kGain / 10);
    nlopt_set_initial_step1(solver.get(), first_step);
    std::vector<double> steps(freedoms, 0);
    double value = 0;
    nlopt_optimize(solver.get(), steps.data(), &value);
    if (failure_) std::rethrow_exception(failure_);
  }

  /// NLopt's view of the objective, relative to the round's start. Nothing may be thrown through
  /// NLopt, which is C.
  static double try_steps(unsigned count, const double* steps, double*, void* data) {
    Search& search = *static_cast<Search*>(data);
    constexpr double kWorst = 1e6;
    if (search.left() <= 0 || search.failure_) return kWorst;
    const auto bandwidth = search.around_->at({steps, count});
    if (!bandwidth) return kWorst;
    try {
      search.evaluate(*bandwidth);
    } catch (...) {
      search.failure_ = std::current_exception();
      return kWorst;
    }
    return search.last_ / search.scale_;
  }

  const DivisionObjective& objective_;
  const std::vector<BandwidthConstraint>& constraints_;
  int max_evaluations_;
  DivisionSearchResult best_;
  double last_ = 0;
  const FeasibleDivisions* around_ = nullptr;
  double scale_ = 1;
  std::exception_ptr failure_;
};

}  // namespace

DivisionSearchResult search_divisions(const DivisionObjective& objective,
                                      const std::vector<BandwidthConstraint>& constraints,
                                      const std::vector<std::vector<double>>& starts,
                                      int max_evaluations) {
  return Search(objective, constraints, max_evaluations).run(starts);
}

}  // namespace sextant
