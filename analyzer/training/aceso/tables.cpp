#include "analyzer/training/aceso/tables.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/training/aceso/derived_tables.h"
#include "analyzer/training/published_tables.h"

namespace sextant::aceso {

namespace {

/// Of its activations, what the memory model counts of an operator.
double counted_share(OperatorKind kind) {
  switch (kind) {
    case OperatorKind::kAttentionDropout:
      return 1.5;
    case OperatorKind::kSoftmax:
      return 0;
    default:
      return 1;
  }
}

}  // namespace

OperatorTable::OperatorTable(const OperatorSequence& operators, std::vector<OperatorCosts> costs)
    : costs_(std::move(costs)) {
  compute_us_ = weights_mb_ = activations_mb_ = counted_activations_mb_ = {0};
  for (int op = 0; op < operators.size(); ++op) {
    const OperatorCosts& cost = (*this)[op];
    compute_us_.push_back(compute_us_.back() + cost.forward_us + cost.backward_us);
    weights_mb_.push_back(weights_mb_.back() + cost.weights_mb);
    activations_mb_.push_back(activations_mb_.back() + cost.activations_mb);
    counted_activations_mb_.push_back(counted_activations_mb_.back() +
                                      cost.activations_mb * counted_share(operators[op].kind));
  }
}

double OperatorTable::reserved_mb(int first, int end) const {
  double forward = 0;
  double backward = 0;
  for (int op = first; op < end - 1; ++op) {
    forward = std::max(forward, (*this)[op].forward_reserved_mb);
    backward = std::max(backward, (*this)[op].backward_reserved_mb);
  }
  return std::max(forward + backward, weights_mb(first, end));
}

const OperatorTable* Tables::find(int microbatch, int tp) const {
  const auto found = points.find({microbatch, tp});
  return found == points.end() ? nullptr : &found->second;
}

const OperatorTable& Tables::at(int microbatch, int tp) const {
  const OperatorTable* found = find(microbatch, tp);
  if (found != nullptr) return *found;
  std::vector<std::string> there;
  for (const auto& [key, table] : points) {
    there.push_back(fmt::format("{} at {}", key.first, key.second));
  }
  throw_bad_input(
      fmt::format("aceso: {} has no operators at microbatch {} and tensor degree {}; it has {}",
                  source, microbatch, tp, fmt::join(there, ", ")));
}

Tables load_tables(const TrainingProblem& problem, const GpuPool& pool) {
  OperatorSequence operators = operator_sequence(problem);
  if (problem.job.dtype == DataType::kFp32) {
    const std::string data = pool.gpu + "/profiled-data-fp32";
    const auto folder = find_published_table(problem, {"Aceso/" + data, "Aceso/profiler/" + data});
    if (folder) {
      Tables tables = read_published_tables(*folder, problem.profile.model, operators);
      if (!tables.points.empty()) return tables;
    }
  }
  return derive_tables(problem, pool, std::move(operators));
}

}  // namespace sextant::aceso
