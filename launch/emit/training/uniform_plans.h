#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "analyzer/model/model.h"
#include "analyzer/plan/plan.h"
#include "analyzer/training/estimator.h"

namespace sextant {

/// Plans of one pipeline with one tensor degree and equally many replicas in all stages, in the
/// settings of `like` (schedule 1f1b where it has virtual chunks, shares left out), on `pools` of
/// the problem's cluster: on one pool or GPU type; on two that `like` uses, one after the other; on
/// the types that its stages have. Layers are divided by compute time, and evenly by blocks where
/// that goes; the final norm stays with the head. Of every such shape the two largest numbers of
/// replicas that divide the batch into whole microbatches. References must outlive it.
class UniformPlans {
 public:
  UniformPlans(const TrainingProblem& problem, const ModelDescription& model, const Plan& like,
               const std::vector<GpuPool>& pools);

  struct Shape {
    std::size_t sequence = 0;
    int tp = 1;
    int microbatch = 1;
    int replicas = 1;
    bool even = false;  ///< in blocks; else by compute time
    /// What an iteration takes at least, by the compute times of the profile alone.
    double least_s = 0;
  };
  /// Ascending by least_s, in a fixed order. None where model, profile and plan count different
  /// layers.
  std::vector<Shape> shapes();
  Plan plan(const Shape& shape);

 private:
  /// Where the replicas of a stage may stand: pools of one GPU type, taken in order.
  using Source = std::vector<const GpuPool*>;
  /// By stage, which of the sources.
  using Sequence = std::vector<std::size_t>;

  void find_sources();
  void find_sequences();
  Sequence sequence_of_plan() const;
  void add_shapes(std::size_t sequence, int tp, int microbatch, std::vector<Shape>& out);
  double least_s(const Sequence& sequence, const std::vector<int>& ends, int microbatches) const;
  std::vector<int> replica_counts(const Sequence& sequence, int tp, int microbatch) const;
  bool read_times(const Sequence& sequence, int tp, int microbatch);
  double stage_s(std::size_t source, int first, int end) const;
  std::vector<int> balanced_ends(const Sequence& sequence) const;
  bool ends_within(const Sequence& sequence, double most_s, std::vector<int>& ends) const;
  std::vector<int> even_ends(std::size_t stages) const;

  const TrainingProblem& problem_;
  const Plan& like_;
  const std::vector<GpuPool>& pools_;
  const std::vector<LayerKind> kinds_;
  ScheduleKind schedule_;
  int blocks_ = 0;
  int last_cut_ = 0;  ///< the last layer with which the last stage may begin
  std::vector<Source> sources_;
  std::size_t used_sources_ = 0;  ///< the first of sources_: what the plan uses
  std::vector<Sequence> sequences_;
  /// By source, compute times of layers [0, l) at the degrees in work.
  std::map<std::size_t, std::vector<double>> prefix_s_;
};

}  // namespace sextant
