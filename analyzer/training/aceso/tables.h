#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/cluster/cluster.h"
#include "analyzer/training/aceso/operators.h"
#include "analyzer/training/aceso/transfer_table.h"

namespace sextant::aceso {

/// Every operator of a model at one microbatch and tensor degree, with sums over ranges of them.
class OperatorTable {
 public:
  explicit OperatorTable(const OperatorSequence& operators, std::vector<OperatorCosts> costs);

  const OperatorCosts& operator[](int op) const { return costs_[static_cast<std::size_t>(op)]; }
  // Of operators [first, end):
  double compute_us(int first, int end) const { return between(compute_us_, first, end); }
  double weights_mb(int first, int end) const { return between(weights_mb_, first, end); }
  double activations_mb(int first, int end) const { return between(activations_mb_, first, end); }
  /// As Aceso counts activations: dropout of the attention half as much again, the softmax, whose
  /// buffer is shared, not at all.
  double counted_activations_mb(int first, int end) const {
    return between(counted_activations_mb_, first, end);
  }
  /// Aceso's memory beside weights and activations.
  double reserved_mb(int first, int end) const;

 private:
  static double between(const std::vector<double>& sums, int first, int end) {
    return sums[static_cast<std::size_t>(end)] - sums[static_cast<std::size_t>(first)];
  }

  std::vector<OperatorCosts> costs_;
  // Sums over the operators before each.
  std::vector<double> compute_us_;
  std::vector<double> weights_mb_;
  std::vector<double> activations_mb_;
  std::vector<double> counted_activations_mb_;
};

/// What Aceso knows of a model on one GPU type.
struct Tables {
  OperatorSequence operators;
  /// By microbatch of a replica and tensor degree. Of the two ways to split a pair of products
  /// (column then row, or row then column) the first, "algo 0": the search never leaves it, and
  /// with it and one degree a stage no tensor changes its layout on the way.
  std::map<std::pair<int, int>, OperatorTable> points;
  TransferTable inside_node;
  TransferTable between_nodes;
  std::string source;  ///< for messages

  const OperatorTable* find(int microbatch, int tp) const;
  /// Throws Error(kBadInput) that names what is missing and what there is.
  const OperatorTable& at(int microbatch, int tp) const;
};

/// Its published tables of the problem's model on that pool's GPU type, where
/// problem.published_tables has them and the job is of their data type, else tables derived from
/// the profile (derived_tables.h).
Tables load_tables(const TrainingProblem& problem, const GpuPool& pool);

/// The published tables of `model` below `folder` (profiled-data-fp32 of a GPU type). Throws
/// Error(kBadInput) with file and place.
Tables read_published_tables(const std::filesystem::path& folder, const std::string& model,
                             OperatorSequence operators);

}  // namespace sextant::aceso
