#pragma once

#include <memory>
#include <vector>

#include "planner/training/sextant/completion_bound.h"
#include "planner/training/sextant/relaxation.h"
#include "planner/training/sextant/stage_tables.h"

namespace sextant::search {

/// Everything for plans of the same settings.
struct Scenario {
  std::unique_ptr<SeparableCosts> costs;
  std::unique_ptr<Relaxation> relaxation;
  std::vector<std::unique_ptr<StageTables>> tables;  ///< by grouping; null where nothing runs
};

/// One combination of the outer enumeration: settings, grouping of zones, replica count, and a
/// range of turns of the slowest stage.
struct Candidate {
  const Scenario* scenario = nullptr;
  const StageTables* tables = nullptr;
  ReplicaCount count;
  /// No plan of it scores below this but those that were already offered.
  double lower = 0;
  bool refined = false;
  TurnRange turns;
  int tries = 0;      ///< searches so far
  int cut_short = 0;  ///< of them, those that a limit ended
};

/// For heaps with the least bound first. Of equal bounds, as of work alone, fewer replicas leave
/// less to lose.
inline bool later(const Candidate& a, const Candidate& b) {
  if (a.lower != b.lower) return a.lower > b.lower;
  return a.count.replicas > b.count.replicas;
}

/// All combinations whose lower bound is finite, best first.
std::vector<Candidate> enumerate_candidates(const std::vector<Scenario>& scenarios,
                                            const Goal& goal, int global_batch);

}  // namespace sextant::search
