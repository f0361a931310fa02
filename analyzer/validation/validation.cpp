#include "analyzer/validation/validation.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/quantile.h"
#include "analyzer/training/plan_origin.h"

namespace sextant {

namespace {

std::string set_of(const ValidationRow& row) {
  const std::size_t slash = row.config.rfind('/');
  return slash == std::string::npos ? "" : row.config.substr(0, slash);
}

template <typename Value>
void add_once(std::vector<Value>& values, const Value& value) {
  if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
}

/// What a contender says of a run, or why it says nothing.
struct Answer {
  Prediction prediction;
  double memory_bytes = 0;
  double memory_bound_bytes = 0;
  std::string failure;
};

/// Calls `use` with the problem and plan that the run makes.
template <typename Use>
auto with_problem(const Contender& contender, const MeasuredRun& run, const Job& all,
                  const Cluster& cluster, const Calibration& calibration, const Use& use) {
  Job job = all;
  job.global_batch = run.plan.global_batch;
  job.framework = run.framework;
  Plan plan = run.plan;
  plan.model = job.model;  // the run may call it by another of its names
  const TrainingProblem problem{job,
                                *contender.profile,
                                cluster,
                                calibration,
                                Disturbance{},
                                contender.model,
                                contender.published_tables};
  return use(problem, plan);
}

Answer ask(const Contender& contender, const MeasuredRun& run, const Job& job,
           const Cluster& cluster) {
  Answer answer;
  try {
    const Calibration calibration =
        contender.calibration ? contender.calibration(run) : Calibration{};
    answer.prediction = predict_run(contender, run, job, cluster, calibration);
    answer.memory_bytes = answer.prediction.peak_memory_bytes;
    answer.memory_bound_bytes = answer.prediction.memory_bound_bytes;
    if (contender.reported_memory) {
      // Where another figure than the peak is reported, the model has that one only.
      answer.memory_bytes = answer.memory_bound_bytes =
          with_problem(contender, run, job, cluster, calibration, contender.reported_memory);
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kBadInput && error.code() != ErrorCode::kInfeasible) throw;
    answer.failure = error.what();
  }
  return answer;
}

void predict_time(const Prediction& prediction, ValidationRow& row) {
  row.predicted = prediction.iteration_s;
  row.interval = prediction.interval;
  row.upper_bound = prediction.interval.has_spread
                        ? std::max(prediction.interval.high_s, prediction.iteration_s)
                        : prediction.iteration_s;
}

ValidationRow row_of(const MeasuredRun& run, const std::string& estimator, Evidence evidence,
                     const Answer& answer, Quantity quantity) {
  ValidationRow row;
  row.config = run.name;
  row.estimator = estimator;
  row.quantity = quantity;
  row.evidence = weaker(run.evidence, evidence);
  row.suspicion = run.suspicion;
  if (!run.incomplete.empty()) {
    row.suspicion +=
        fmt::format("{}ended early: {}", row.suspicion.empty() ? "" : "; ", run.incomplete);
  }
  row.measured = quantity == Quantity::kTime ? run.iteration.median_s
                                             : run.largest_process_bytes().value_or(0);
  if (answer.failure.empty()) {
    if (quantity == Quantity::kTime) {
      predict_time(answer.prediction, row);
    } else {
      row.predicted = answer.memory_bytes;
      row.upper_bound = answer.memory_bound_bytes;
    }
  }
  if (!answer.failure.empty()) {
    row.status = ValidationRow::Status::kUnpredicted;
    row.reason = answer.failure;
  } else if (!(row.predicted > 0) || !std::isfinite(row.predicted)) {
    row.status = ValidationRow::Status::kUnpredicted;
    row.reason =
        fmt::format("estimator {} has no figure of its {}", estimator, to_string(quantity));
    row.predicted = row.upper_bound = 0;
  } else if (!(row.measured > 0)) {
    row.status = ValidationRow::Status::kUnmeasured;
    row.reason = fmt::format("{} was not measured", to_string(quantity));
  }
  return row;
}

ValidationSummary summary_of(const std::vector<const ValidationRow*>& rows) {
  ValidationSummary out;
  std::vector<double> errors;
  double above = 0;
  for (const ValidationRow* row : rows) {
    if (row->status == ValidationRow::Status::kUnpredicted) ++out.unpredicted;
    if (row->status == ValidationRow::Status::kUnmeasured) ++out.unmeasured;
    if (!row->ok()) continue;
    errors.push_back(std::abs(row->relative_error()));
    above += row->upper_bound / row->measured - 1;
    if (row->predicted < row->measured) ++out.under_predicted;
    if (row->upper_bound < row->measured) ++out.bound_exceeded;
    if (const auto covered = row->covered()) {
      ++out.with_interval;
      if (*covered) ++out.covered;
    }
  }
  out.rows = static_cast<int>(errors.size());
  if (errors.empty()) return out;
  std::sort(errors.begin(), errors.end());
  const auto count = static_cast<double>(errors.size());
  for (const double error : errors) out.mean += error / count;
  out.median = quantile_of_sorted(errors, 0.5);
  out.p95 = quantile_of_sorted(errors, 0.95);
  out.max = errors.back();
  out.bound_mean_above = above / count;
  return out;
}

}  // namespace

std::string_view to_string(Quantity quantity) {
  return quantity == Quantity::kTime ? "time" : "memory";
}

std::string_view to_string(ValidationRow::Status status) {
  switch (status) {
    case ValidationRow::Status::kOk:
      return "ok";
    case ValidationRow::Status::kUnpredicted:
      return "unpredicted";
    case ValidationRow::Status::kUnmeasured:
      return "unmeasured";
  }
  throw Error(ErrorCode::kInternal, "a status without a name");
}

std::optional<bool> ValidationRow::covered() const {
  if (!ok() || !interval.has_spread) return std::nullopt;
  return interval.low_s <= measured && measured <= interval.high_s;
}

Prediction predict_run(const Contender& contender, const MeasuredRun& run, const Job& job,
                       const Cluster& cluster, const Calibration& calibration) {
  return with_problem(contender, run, job, cluster, calibration,
                      [&](const TrainingProblem& problem, const Plan& plan) {
                        return contender.estimator->predict(problem, plan);
                      });
}

std::vector<ValidationRow> validate(const std::vector<MeasuredRun>& runs,
                                    const std::vector<Contender>& contenders, const Job& job,
                                    const Cluster& cluster,
                                    const std::vector<Quantity>& quantities) {
  std::vector<Answer> answers;
  for (const MeasuredRun& run : runs) {
    for (const Contender& contender : contenders) {
      answers.push_back(ask(contender, run, job, cluster));
    }
  }
  std::vector<ValidationRow> rows;
  for (const Quantity quantity : quantities) {
    auto answer = answers.begin();
    for (const MeasuredRun& run : runs) {
      for (const Contender& contender : contenders) {
        const Answer& given = *answer++;
        if (quantity == Quantity::kMemory && !contender.estimator->models_memory()) continue;
        rows.push_back(row_of(run, contender.name, contender.evidence, given, quantity));
      }
    }
  }
  return rows;
}

std::vector<ValidationRow> validate(const std::vector<MeasuredRun>& runs, const Plan& plan,
                                    const RecordedPrediction& prediction, const std::string& place,
                                    const std::vector<Quantity>& quantities) {
  Answer answer;
  answer.prediction.iteration_s = prediction.iteration_s;
  answer.prediction.interval = prediction.interval;
  answer.memory_bytes = prediction.peak_memory_bytes;
  answer.memory_bound_bytes = prediction.memory_bound_bytes;
  for (const MeasuredRun& run : runs) {
    if (run.plan == plan) continue;
    throw_bad_input(
        fmt::format("{}: run {} ran another plan than that of {}: expected {}, found {}",
                    run.source, quote(run.name), place, summary(plan), summary(run.plan)));
  }
  std::vector<ValidationRow> rows;
  for (const Quantity quantity : quantities) {
    if (quantity == Quantity::kMemory && !(answer.memory_bytes > 0)) continue;
    for (const MeasuredRun& run : runs) {
      rows.push_back(row_of(run, prediction.estimator, prediction.evidence, answer, quantity));
    }
  }
  return rows;
}

std::vector<ValidationSummary> summarize(const std::vector<ValidationRow>& rows) {
  std::vector<Quantity> quantities;
  std::vector<std::string> estimators;
  std::vector<std::string> sets = {""};
  for (const ValidationRow& row : rows) {
    add_once(quantities, row.quantity);
    add_once(estimators, row.estimator);
    add_once(sets, set_of(row));
  }
  if (sets.size() == 2) sets.pop_back();  // one set is all rows
  std::vector<ValidationSummary> out;
  for (const Quantity quantity : quantities) {
    for (const std::string& estimator : estimators) {
      for (const std::string& set : sets) {
        std::vector<const ValidationRow*> some;
        for (const ValidationRow& row : rows) {
          if (row.quantity == quantity && row.estimator == estimator &&
              (set.empty() || set_of(row) == set)) {
            some.push_back(&row);
          }
        }
        if (some.empty()) continue;
        ValidationSummary summary = summary_of(some);
        summary.estimator = estimator;
        summary.quantity = quantity;
        summary.set = set;
        out.push_back(std::move(summary));
      }
    }
  }
  return out;
}

}  // namespace sextant
