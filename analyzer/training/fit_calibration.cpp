#include "analyzer/training/fit_calibration.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/quantile.h"
#include "analyzer/training/framework.h"

namespace sextant {

namespace {

enum class Judged { kTime, kMemory };

/// What fitting needs of a prediction.
struct Figures {
  double iteration_s = 0;
  double sync_s = 0;
  double peak_bytes = 0;
  double bound_bytes = 0;
};

struct Weighted {
  double value = 0;
  double weight = 0;
};

/// The value at which half of the weight is reached.
double weighted_median(std::vector<Weighted> values) {
  std::sort(values.begin(), values.end(),
            [](const Weighted& a, const Weighted& b) { return a.value < b.value; });
  double total = 0;
  for (const Weighted& one : values) total += one.weight;
  double sum = 0;
  for (const Weighted& one : values) {
    sum += one.weight;
    if (sum >= total / 2) return one.value;
  }
  return values.back().value;
}

std::string configuration_of(const MeasuredRun& run) {
  return run.name.substr(run.name.rfind('/') + 1);
}

bool overlaps(const MeasuredRun& run) {
  if (!framework_named(run.framework).overlaps_sync) return false;
  std::size_t replicas = 0;
  for (const Pipeline& pipeline : run.plan.pipelines) {
    replicas += pipeline.stages.front().replicas.size();
  }
  return replicas > 1;
}

class Fitter {
 public:
  using Runs = std::vector<std::size_t>;  ///< indices

  Fitter(const std::vector<MeasuredRun>& runs, const Calibration& start, const PredictRun& predict)
      : runs_(runs), start_(start), predict_(predict) {}

  struct Parameter {
    std::string_view name;
    Judged judged = Judged::kTime;
    /// Of `runs` those that tell of it.
    Runs (Fitter::*telling)(const Runs& runs) = nullptr;
    /// Changes `calibration` by what the telling runs say; they are not empty.
    void (Fitter::*fit)(const Runs& telling, Calibration& calibration) = nullptr;
    std::string_view how;
    std::string_view needs;  ///< what runs lack where none tells
  };
  static const std::vector<Parameter>& parameters();

  Runs telling(const Parameter& parameter, const Runs& runs) {
    return (this->*parameter.telling)(runs);
  }
  /// Fits the chosen parameters to the runs that are not of `configuration`; nothing = to all.
  Calibration fit_without(const std::optional<std::string>& configuration,
                          const std::set<std::string_view>& chosen);

  const Figures& figures(std::size_t run, const Calibration& calibration);
  double error(std::size_t run, const Calibration& calibration, Judged judged);
  bool has(std::size_t run, Judged judged) const {
    return judged == Judged::kTime || runs_[run].largest_process_bytes().has_value();
  }
  /// Mean error over all runs, each left out with its configuration.
  double left_out_error(const std::set<std::string_view>& chosen, Judged judged);

 private:
  Runs with_memory(const Runs& runs);
  Runs with_sync(const Runs& runs);
  Runs all(const Runs& runs) { return runs; }
  Runs overlapping(const Runs& runs);
  void fit_process(const Runs& telling, Calibration& calibration);
  void fit_efficiency(const Runs& telling, Calibration& calibration);
  void fit_overhead(const Runs& telling, Calibration& calibration);
  void fit_slowdown(const Runs& telling, Calibration& calibration);

  const std::vector<MeasuredRun>& runs_;
  const Calibration& start_;
  const PredictRun& predict_;
  std::map<std::pair<std::size_t, std::array<double, 5>>, Figures> known_;
};

const std::vector<Fitter::Parameter>& Fitter::parameters() {
  static const std::vector<Parameter> all = {
      {"process_bytes", Judged::kMemory, &Fitter::with_memory, &Fitter::fit_process,
       "median of measured memory above the predicted tensors", "no run measured its memory"},
      {"collective_efficiency", Judged::kTime, &Fitter::with_sync, &Fitter::fit_efficiency,
       "median of predicted over measured synchronisation",
       "no run tells how long its synchronisation took"},
      {"overlap_slowdown", Judged::kTime, &Fitter::overlapping, &Fitter::fit_slowdown,
       "least mean error of the runs that overlap", "no run overlaps synchronisation"},
      {"iteration_overhead_s", Judged::kTime, &Fitter::all, &Fitter::fit_overhead,
       "median of the measured iteration above the predicted one", ""},
  };
  return all;
}

const Figures& Fitter::figures(std::size_t run, const Calibration& calibration) {
  const std::array<double, 5> key = {calibration.process_bytes, calibration.process_bytes_spread,
                                     calibration.collective_efficiency,
                                     calibration.iteration_overhead_s,
                                     calibration.overlap_slowdown};
  const auto found = known_.find({run, key});
  if (found != known_.end()) return found->second;
  try {
    const Prediction p = predict_(runs_[run], calibration);
    // Of all stages, hidden behind others or not: ranks measure it so.
    double sync_s = p.stages.empty() ? p.sync_s : 0;
    for (const StagePrediction& stage : p.stages) sync_s = std::max(sync_s, stage.sync_s);
    return known_[{run, key}] = {p.iteration_s, sync_s, p.peak_memory_bytes, p.memory_bound_bytes};
  } catch (Error& error) {
    throw std::move(error.in(fmt::format("run {}", quote(runs_[run].name))));
  }
}

double Fitter::error(std::size_t run, const Calibration& calibration, Judged judged) {
  const Figures& predicted = figures(run, calibration);
  return judged == Judged::kTime
             ? std::abs(predicted.iteration_s / runs_[run].iteration.median_s - 1)
             : std::abs(predicted.peak_bytes / *runs_[run].largest_process_bytes() - 1);
}

Calibration Fitter::fit_without(const std::optional<std::string>& configuration,
                                const std::set<std::string_view>& chosen) {
  Runs some;
  for (std::size_t r = 0; r < runs_.size(); ++r) {
    if (runs_[r].suspicion.empty() && configuration_of(runs_[r]) != configuration) {
      some.push_back(r);
    }
  }
  Calibration out = start_;
  for (const Parameter& parameter : parameters()) {
    if (!chosen.contains(parameter.name)) continue;
    const Runs telling_runs = telling(parameter, some);
    if (!telling_runs.empty()) (this->*parameter.fit)(telling_runs, out);
  }
  return out;
}

double Fitter::left_out_error(const std::set<std::string_view>& chosen, Judged judged) {
  std::map<std::string, Calibration> without;
  double sum = 0;
  int count = 0;
  for (std::size_t r = 0; r < runs_.size(); ++r) {
    if (!has(r, judged)) continue;
    const std::string configuration = configuration_of(runs_[r]);
    auto found = without.find(configuration);
    if (found == without.end()) {
      found = without.emplace(configuration, fit_without(configuration, chosen)).first;
    }
    sum += error(r, found->second, judged);
    ++count;
  }
  return count == 0 ? 0 : sum / count;
}

Fitter::Runs Fitter::with_memory(const Runs& runs) {
  Runs out;
  for (const std::size_t r : runs) {
    if (has(r, Judged::kMemory)) out.push_back(r);
  }
  return out;
}

Fitter::Runs Fitter::with_sync(const Runs& runs) {
  Runs out;
  for (const std::size_t r : runs) {
    if (measured_sync_s(runs_[r]).value_or(0) > 0 && figures(r, start_).sync_s > 0) {
      out.push_back(r);
    }
  }
  return out;
}

Fitter::Runs Fitter::overlapping(const Runs& runs) {
  Runs out;
  for (const std::size_t r : runs) {
    if (overlaps(runs_[r])) out.push_back(r);
  }
  return out;
}

void Fitter::fit_process(const Runs& telling, Calibration& calibration) {
  std::vector<double> residuals;
  for (const std::size_t r : telling) {
    const double tensors = figures(r, calibration).peak_bytes - calibration.process_bytes;
    residuals.push_back(*runs_[r].largest_process_bytes() - tensors);
  }
  constexpr double kUpper = 0.9;
  calibration.process_bytes = std::max(0.0, median_of(residuals));
  calibration.process_bytes_spread =
      std::max(0.0, quantile_of(residuals, kUpper) - calibration.process_bytes);
}

void Fitter::fit_efficiency(const Runs& telling, Calibration& calibration) {
  // Synchronisation is nearly, but with latencies not quite, inverse to the efficiency.
  constexpr int kRounds = 3;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<double> ratios;
    for (const std::size_t r : telling) {
      ratios.push_back(figures(r, calibration).sync_s / *measured_sync_s(runs_[r]));
    }
    calibration.collective_efficiency *= median_of(ratios);
  }
}

void Fitter::fit_overhead(const Runs& telling, Calibration& calibration) {
  std::vector<Weighted> residuals;
  for (const std::size_t r : telling) {
    const double measured = runs_[r].iteration.median_s;
    const double rest = figures(r, calibration).iteration_s - calibration.iteration_overhead_s;
    residuals.push_back({measured - rest, 1 / measured});
  }
  calibration.iteration_overhead_s = std::max(0.0, weighted_median(residuals));
}

void Fitter::fit_slowdown(const Runs& telling, Calibration& calibration) {
  constexpr int kSteps = 50;
  constexpr double kStep = 0.02;
  double best = HUGE_VAL;
  Calibration chosen = calibration;
  for (int step = 0; step <= kSteps; ++step) {
    Calibration now = calibration;
    now.overlap_slowdown = 1 + step * kStep;
    double sum = 0;
    for (const std::size_t r : telling) sum += error(r, now, Judged::kTime);
    if (sum < best) {
      best = sum;
      chosen = now;
    }
  }
  calibration = chosen;
}

double value_of(const Calibration& calibration, std::string_view name) {
  for (const CalibrationParameter& parameter : calibration_parameters()) {
    if (parameter.name == name) return calibration.*parameter.member;
  }
  throw Error(ErrorCode::kInternal, "a parameter that no calibration has");
}

std::string percent(double part) {
  return fmt::format("{:.2f} %", 100 * part);
}

/// Goes through the parameters and keeps those that lower the left-out error.
std::set<std::string_view> adopt(Fitter& fitter, const std::vector<MeasuredRun>& runs,
                                 std::vector<FittedParameter>& report) {
  // Of a lesser improvement nobody knows whether it is rounding.
  constexpr double kLower = 1e-6;
  std::set<std::string> configurations;
  Fitter::Runs fitted_to;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    if (!runs[r].suspicion.empty()) continue;
    fitted_to.push_back(r);
    configurations.insert(configuration_of(runs[r]));
  }
  std::set<std::string_view> chosen;
  for (const Fitter::Parameter& parameter : Fitter::parameters()) {
    FittedParameter& out = report.emplace_back();
    out.name = parameter.name;
    out.runs = static_cast<int>(fitter.telling(parameter, fitted_to).size());
    if (configurations.size() < 2) {
      out.note =
          "not fitted: at least two configurations without suspicion are needed, to fit to "
          "one and test on the other";
      continue;
    }
    if (out.runs == 0) {
      out.note = fmt::format("not fitted: {}", parameter.needs);
      continue;
    }
    std::set<std::string_view> with = chosen;
    with.insert(parameter.name);
    const double before = fitter.left_out_error(chosen, parameter.judged);
    const double after = fitter.left_out_error(with, parameter.judged);
    out.adopted = after < before * (1 - kLower);
    if (out.adopted) chosen = with;
    out.note = fmt::format("{}: error of left-out runs {} instead of {}{}", parameter.how,
                           percent(after), percent(before), out.adopted ? "" : "; not adopted");
  }
  return chosen;
}

void report_runs(Fitter& fitter, const std::vector<MeasuredRun>& runs, const Calibration& start,
                 const std::set<std::string_view>& chosen, CalibrationFit& out) {
  for (std::size_t r = 0; r < runs.size(); ++r) {
    const Calibration left_out = fitter.fit_without(configuration_of(runs[r]), chosen);
    const Figures before = fitter.figures(r, start);
    const Figures after = fitter.figures(r, left_out);
    CalibratedRun& row = out.runs.emplace_back();
    row.name = runs[r].name;
    row.suspicion = runs[r].suspicion;
    row.measured_s = runs[r].iteration.median_s;
    row.before_s = before.iteration_s;
    row.after_s = after.iteration_s;
    row.measured_bytes = runs[r].largest_process_bytes().value_or(0);
    row.before_bytes = before.peak_bytes;
    row.after_bytes = after.peak_bytes;
    row.bound_bytes = after.bound_bytes;
    row.left_out = left_out;
    for (const auto& [errors, judged] :
         {std::pair{&out.time, Judged::kTime}, std::pair{&out.memory, Judged::kMemory}}) {
      if (!fitter.has(r, judged)) continue;
      ++errors->runs;
      errors->before += fitter.error(r, start, judged);
      errors->after += fitter.error(r, left_out, judged);
    }
  }
  for (CalibrationErrors* errors : {&out.time, &out.memory}) {
    if (errors->runs == 0) continue;
    errors->before /= errors->runs;
    errors->after /= errors->runs;
  }
}

}  // namespace

std::optional<double> measured_sync_s(const MeasuredRun& run) {
  std::map<std::pair<int, int>, std::vector<double>> by_stage;
  for (const MeasuredRank& rank : run.ranks) {
    by_stage[{rank.pipeline, rank.stage}].push_back(rank.phases.sync_s);
  }
  std::optional<double> longest;
  for (const auto& [stage, seconds] : by_stage) {
    longest = std::max(longest.value_or(0), median_of(seconds));
  }
  return longest ? longest : run.sync_s;
}

CalibrationFit fit_calibration(const std::vector<MeasuredRun>& runs, const Calibration& start,
                               const PredictRun& predict) {
  if (runs.empty()) throw_bad_input("calibration: no measured run to fit to");
  CalibrationFit out;
  Fitter fitter(runs, start, predict);
  const std::set<std::string_view> chosen = adopt(fitter, runs, out.parameters);
  out.calibration = fitter.fit_without(std::nullopt, chosen);
  for (FittedParameter& parameter : out.parameters) {
    parameter.before = value_of(start, parameter.name);
    parameter.after = value_of(out.calibration, parameter.name);
  }
  // The spread goes with the constant that it is counted from.
  const FittedParameter process = out.parameters.front();
  out.parameters.insert(
      out.parameters.begin() + 1,
      {"process_bytes_spread", start.process_bytes_spread, out.calibration.process_bytes_spread,
       process.adopted, process.runs,
       process.adopted ? "from process_bytes to the 90th percentile" : "as process_bytes"});
  out.evidence = runs.front().evidence;
  for (const MeasuredRun& run : runs) out.evidence = weaker(out.evidence, run.evidence);
  report_runs(fitter, runs, start, chosen, out);
  return out;
}

}  // namespace sextant
