#pragma once

// What Galvatron's cost model knows of a model on a GPU type; private to the tool.

#include <map>
#include <string>

#include "analyzer/training/estimator.h"

namespace sextant::galvatron {

/// 2^20 bytes: the unit of memory and of messages in its tables.
inline constexpr double kBytesPerMb = 1024.0 * 1024.0;

/// What a stage holds beside its blocks.
struct OtherMemory {
  double states_mb = 0;
  double activation_mb = 0;  ///< of one sequence
};

/// Milliseconds that groups of GPUs take for a MB of all-reduced message.
class GroupCosts {
 public:
  /// Consecutive groups fill the GPUs of a machine first; others take one of each. Groups of one
  /// send nothing; those larger than any known one cost what that costs. Size >= 1.
  double ms_per_mb(int size, bool consecutive) const;
  void set_bandwidth(int size, bool consecutive, double gb_per_s);
  bool empty() const { return ms_[0].empty() || ms_[1].empty(); }

 private:
  std::map<int, double> ms_[2];  ///< [consecutive], by size of the group
};

struct Tables {
  int blocks = 0;                       ///< transformer layers; the model knows no others
  double forward_ms = 0;                ///< of a block and one sequence, at tensor degree 1
  double state_mb = 0;                  ///< of a block, and what its gradients weigh when sent
  std::map<int, double> activation_mb;  ///< of a block and one sequence, by tensor degree
  double output_mb = 0;                 ///< of a block and one sequence
  OtherMemory only, first, last;        ///< of the only stage, of the first and last of several
  GroupCosts groups;
  /// How many times as long computation and communication take while both run.
  double overlap_slowdown = 1;
  std::string source;  ///< folder of the tables, or what they were derived from
};

/// The tool's own tables for the problem's model and that GPU type where it has them, else the same
/// figures from the problem's profile and network, for groups of up to `largest_group` GPUs. Throws
/// Error(kBadInput) naming the file and place, or what the profile lacks.
Tables tables_for(const TrainingProblem& problem, const GpuPool& pool, int largest_group);

/// Those from profile and network, whatever the tool has.
Tables derived_tables(const TrainingProblem& problem, const GpuPool& pool, int largest_group);

}  // namespace sextant::galvatron
