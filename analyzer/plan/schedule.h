#pragma once

#include <vector>

#include "analyzer/plan/plan.h"

namespace sextant {

enum class Work {
  kForward,
  kBackward,        ///< gradients of input and weights in one
  kBackwardInput,   ///< gradient of the input only; what the previous stage waits for
  kBackwardWeight,  ///< gradient of the weights; nobody waits for it
};

/// One step of a stage's program.
struct Task {
  Work work = Work::kForward;
  int microbatch = 0;
  int chunk = 0;  ///< virtual chunk; 0 unless the schedule interleaves
  bool operator==(const Task&) const = default;
};

/// The order in which stage `stage` of `stages` works through `microbatches` microbatches; each
/// stage runs its list front to back, waiting for its inputs.
///  - gpipe: all forwards, then all backwards in reverse order (Huang et al. 2019).
///  - 1f1b: stages - stage - 1 forwards, then one forward, one backward (Narayanan et al. 2019);
///    at most stages - stage microbatches in flight.
///  - interleaved-1f1b: `chunks` virtual chunks a stage (Narayanan et al. 2021); microbatches must
///  be
///    a multiple of stages, else Error(kBadInput).
///  - zb-h1: 1f1b with the weight gradient split off and delayed by `stage` microbatches (Qi et al.
///    2023, schedule ZB-H1); at most `stages` microbatches held on any stage.
/// Throws Error(kBadInput) where the counts are not positive or chunks is not 1 without
/// interleaving.
std::vector<Task> stage_program(ScheduleKind kind, int stage, int stages, int microbatches,
                                int chunks = 1);

/// Most (microbatch, chunk) pairs whose activations a stage holds at once when it runs `program`:
/// from a forward's start to the end of the backward (for a split backward, of the weight
/// gradient).
int peak_in_flight(const std::vector<Task>& program);

}  // namespace sextant
