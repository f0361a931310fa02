#pragma once

#include <vector>

#include "analyzer/core/random.h"
#include "analyzer/plan/schedule.h"
#include "analyzer/training/framework.h"
#include "analyzer/training/timeline.h"

namespace sextant {

/// One replica of every stage of a pipeline, and what it costs them to work through an iteration's
/// microbatches. Nothing in it but numbers of seconds.
///
/// A stage is one GPU (or one tensor-parallel group in lockstep) that runs its program front to
/// back. Its layers are `chunks` virtual stages; virtual stage v = chunk * stages + stage computes
/// after v - 1 and sends it gradients. A computation starts when the stage is free and its input is
/// there. A message takes its time from when the sender is done, and its sender's other messages
/// before it (a stage's sends go one after the other). How sends meet computations is the
/// framework's (Framework::sends, gradient_before_activation).
struct Chain {
  ScheduleKind schedule = ScheduleKind::kOneFOneB;
  int microbatches = 1;
  int stages = 1;
  int chunks = 1;
  Framework::Sends sends = Framework::Sends::kOverlapped;
  bool gradient_before_activation = false;
  /// Each of stages * chunks, by virtual stage; the backward is whole, and where the schedule
  /// splits it, weight_gradient_s of it are the weights' part.
  std::vector<double> forward_s;
  std::vector<double> backward_s;
  std::vector<double> weight_gradient_s;
  /// A stage's last backward takes so many times as long: gradients are exchanged meanwhile.
  double last_backward_factor = 1;
  /// Each of stages * chunks - 1: from virtual stage v to v + 1, and back from v + 1 to v.
  std::vector<double> activation_s;
  std::vector<double> gradient_s;

  /// The microbatch of a stage's last backward.
  int last_backward() const { return schedule == ScheduleKind::kGPipe ? 0 : microbatches - 1; }
  bool operator==(const Chain&) const = default;
};

/// What a chain comes to, seconds from the start of the iteration.
struct ChainTimes {
  /// By stage: when its last computation ends (a blocking send after it included).
  std::vector<double> stage_end_s;
  /// By stage: when its last backward begins, from where on gradients become final.
  std::vector<double> last_backward_start_s;
  double end_s() const;
};

/// Multiplies the times of single computations: noise.
class ComputationNoise {
 public:
  /// Factors exp(share * z), z normal (Box and Muller 1958).
  ComputationNoise(double share, std::uint64_t seed) : share_(share), random_(seed) {}
  double factor();

 private:
  double share_;
  Random random_;
};

/// The event simulation: every schedule, every chain. Spans of computations and sends are appended
/// to `spans` where it is not null, their track being the stage's index. Throws Error(kBadInput)
/// where the schedule refuses the counts (stage_program).
ChainTimes simulate(const Chain& chain, ComputationNoise* noise = nullptr,
                    std::vector<TimelineSpan>* spans = nullptr);

/// Whether regular_times() knows the chain: gpipe and 1f1b, one chunk a stage.
bool is_regular(const Chain& chain);

/// The same times as simulate() gives, to rounding, without programs or events: the recurrence of
/// the schedule, one pass over the stages for each microbatch, and as soon as a pass repeats the
/// one before, the passes that are left at once. Precondition: is_regular(chain).
ChainTimes regular_times(const Chain& chain);

/// regular_times() where the chain is regular, else simulate().
ChainTimes times_of(const Chain& chain);

}  // namespace sextant
