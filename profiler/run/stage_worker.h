#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "analyzer/plan/batch.h"
#include "analyzer/plan/schedule.h"
#include "profiler/run/phase_clock.h"
#include "profiler/run/plan_world.h"
#include "profiler/run/run_request.h"
#include "profiler/run/sample_tokens.h"
#include "profiler/run/stage_model.h"

namespace sextant::profiler {

/// One rank's part in the iterations of a plan. What it does, which is also what a simulation of
/// it has to do:
///
///  - A rank does one thing at a time, in the order of its stage's program (stage_program of
///    analyzer/plan/schedule.h). Collectives among tensor-parallel ranks are parts of the forward
///    and backward that need them.
///  - A forward or backward begins when the rank has done what stands before it and the message
///    from the neighbouring stage is there. A message goes to a rank as soon as its sender has
///    computed it; the sender does not wait for it. Messages of one kind between two stages come in
///    the order in which they were sent. On a CPU a receiver has room for the next message of each
///    kind while it computes; what comes earlier stays with the sender.
///  - An activation, and its gradient, is whole on every tensor-parallel rank: rank i of a stage
///    gets it from rank i mod tp of the stage that sends. With sequence parallelism each rank has
///    and sends its own tokens.
///  - A backward computes gradients of input and weights in one. Where the schedule parts them
///    (zb-h1), the first part computes the input's, with those of norms and tables, and sends it;
///    the second the weights of the products.
///  - Gradients are added up over the microbatches. After its last backward a rank sums them with
///    the same ranks of the stage's other replicas (all pipelines), bucket after bucket in layer
///    order (GradientBuckets), then those of a table that the embedding's and the head's stage
///    have, between the two. Nothing of that overlaps with computation.
///  - Then each layer is updated: gradients of which tensor-parallel ranks have summands
///    (sum_shared_gradients), then the optimizer's step.
///
/// The loss is the mean over the global batch: a microbatch counts by its samples.
class StageWorker {
 public:
  struct Setting {
    const PlanToRun& plan;
    const RunRequest& request;
    const RankLayout& layout;
    int rank = 0;
    PlanWorld& world;
    PhaseClock& clock;
    at::Device device;
  };
  /// Builds the stage's layers on the device.
  explicit StageWorker(const Setting& setting);

  /// Draws the iteration's tokens, which belongs to no phase.
  void prepare(int iteration);
  /// Does the iteration; its last work is enqueued on return.
  void run();
  /// This rank's summand of the loss of the iteration that was run. Waits for the device.
  double loss() const;

 private:
  /// What is kept of a forward till its backward.
  struct Kept {
    at::Tensor input;
    at::Tensor output;
  };

  bool is_first(const Task& task) const { return stage_ == 0 && task.chunk == 0; }
  bool is_last(const Task& task) const {
    return stage_ == stages_ - 1 && task.chunk == chunks_ - 1;
  }
  void open_links();
  void forward(const Task& task);
  void backward(const Task& task);
  void weight_backward(const Task& task);
  void synchronise();

  Setting setting_;
  RankPlace place_;
  int stage_ = 0;
  int stages_ = 1;
  int chunks_ = 1;
  ReplicaBatch batch_;
  std::vector<Task> program_;
  double weight_ = 0;      ///< of a microbatch in the loss
  double scale_ = 1;       ///< of gradients, for fp16
  WeightGradients later_;  ///< of a schedule that parts them
  StageModel model_;
  PendingSends pending_;
  std::optional<LinkSender> activations_out_;
  std::optional<LinkSender> gradients_out_;
  std::optional<LinkReceiver> activations_in_;
  std::optional<LinkReceiver> gradients_in_;
  int activations_due_ = 0;  ///< messages of an iteration
  int gradients_due_ = 0;
  std::vector<TrainingBatch> tokens_;  ///< by microbatch, where the stage has an end of the model
  std::map<std::pair<int, int>, Kept> kept_;  ///< by microbatch and chunk
  at::Tensor loss_;
};

}  // namespace sextant::profiler
