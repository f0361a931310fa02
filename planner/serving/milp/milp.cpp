#include "planner/serving/milp/milp.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/interrupt.h"
#include "analyzer/serving/flow/placement_flow.h"
#include "planner/serving/milp/highs_solver.h"
#include "planner/serving/milp/placement_program.h"
#include "planner/serving/milp/solver_process.h"

namespace sextant {

namespace {

/// How often interrupts and the early stop are looked at.
constexpr double kPollS = 0.05;
/// So much sooner than it is ended the solver is to end by itself, and tell its last bound.
constexpr double kLastWordsS = 0.1;
constexpr double kProofTolerance = 1e-9;

class MilpRun {
 public:
  MilpRun(const PlacementProblem& problem, const MilpOptions& options)
      : problem_(problem),
        options_(options),
        program_(problem, {options.remove_redundant, options.tighten, options.allow_unused}),
        naive_bound_(naive_upper_bound(*problem.cluster, *problem.profiles, problem.throughput)) {
    result_.bound_tokens_per_s =
        tight_upper_bound(*problem.cluster, *problem.profiles, problem.throughput);
  }

  PlacementResult run() {
    SolverSettings settings;
    settings.time_limit_s =
        std::max(options_.time_limit_s - kLastWordsS, options_.time_limit_s / 2);
    settings.threads = options_.threads > 0
                           ? options_.threads
                           : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    settings.write_problem = options_.write_problem;
    if (!options_.start.empty()) {
      settings.start = program_.values(options_.start);
      take(program_.placement(settings.start));
    }
    solve(settings);
    finish();
    return std::move(result_);
  }

 private:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

  void take(const Placement& placement) {
    const double flow = placement_flow(*problem_.cluster, *problem_.profiles, problem_.throughput,
                                       placement, problem_.partial_inference);
    if (!result_.placement.empty() && flow <= result_.flow_tokens_per_s) return;
    result_.placement = placement;
    result_.flow_tokens_per_s = flow;
    gained_s_ = seconds();
    if (options_.on_incumbent) {
      options_.on_incumbent(gained_s_, flow, result_.bound_tokens_per_s);
    }
  }

  bool proved() const {
    return result_.flow_tokens_per_s >= result_.bound_tokens_per_s * (1 - kProofTolerance);
  }

  bool enough() const {
    const double flow = result_.flow_tokens_per_s;
    return proved() || flow >= options_.enough_share * naive_bound_ ||
           (flow >= options_.early_stop_share * naive_bound_ &&
            seconds() - gained_s_ >= options_.early_stop_s);
  }

  void solve(const SolverSettings& settings) {
    result_.complete = false;
    SolverProcess solver(program_.program(), settings);
    // The problem is written by the solver, so that it is waited for where that was asked.
    bool heard = settings.write_problem.empty();
    while (true) {
      const double left = options_.time_limit_s - seconds();
      if (left <= 0 || interrupted() || (heard && enough())) return;
      const std::optional<SolverNews> news = solver.next(std::min(kPollS, left));
      if (!news) continue;
      heard = true;
      if (news->kind == SolverNews::Kind::kFailure) return fail(*news);
      evaluations_ = news->nodes;
      result_.bound_tokens_per_s = std::min(result_.bound_tokens_per_s, news->bound);
      if (!news->values.empty()) take(program_.placement(news->values));
      if (news->kind == SolverNews::Kind::kEnd) {
        result_.complete = news->optimal || news->infeasible;
        if (news->infeasible) result_.reason = "no placement satisfies the program";
        return;
      }
    }
  }

  /// An incumbent is a placement still; a problem that was to be written is not there.
  void fail(const SolverNews& news) const {
    const bool answer = !result_.placement.empty() && news.code == ErrorCode::kInternal;
    if (!answer || !options_.on_failure) throw Error(news.code, news.text);
    options_.on_failure(news.text);
  }

  void finish() {
    result_.evaluations = evaluations_;
    if (result_.flow_tokens_per_s <= 0) result_.placement.clear();
    result_.proved = !result_.placement.empty() && proved();
    result_.complete = result_.complete || result_.proved;
    if (!result_.placement.empty() || !result_.reason.empty()) return;
    if (result_.complete) {
      result_.reason = "no placement holds every layer of the model on a path";
    } else if (options_.start.empty()) {
      result_.reason = fmt::format(
          "HiGHS found no placement with a flow in {:.3g} s; give it a start, as of petals or "
          "swarm",
          seconds());
    } else {
      result_.reason = fmt::format(
          "the start has no flow, and HiGHS found no placement with one in {:.3g} s", seconds());
    }
  }

  const PlacementProblem& problem_;
  const MilpOptions& options_;
  PlacementProgram program_;
  double naive_bound_;
  PlacementResult result_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  double gained_s_ = 0;
  std::int64_t evaluations_ = 0;
};

}  // namespace

PlacementResult place_milp(const PlacementProblem& problem, const MilpOptions& options) {
  require_highs();
  const std::string ending = std::filesystem::path(options.write_problem).extension().string();
  if (!options.write_problem.empty() && ending != ".lp" && ending != ".mps") {
    throw_usage(fmt::format("the problem is written as .lp or .mps, not as {}",
                            quote(options.write_problem)));
  }
  return MilpRun(problem, options).run();
}

}  // namespace sextant
