#include "planner/training/sextant/candidate.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace sextant::search {

namespace {

/// Microbatches of one replica where all take `sequences` at a time: the quotient, rounded up.
int microbatches_of(int global_batch, std::int64_t sequences) {
  return static_cast<int>((global_batch + sequences - 1) / sequences);
}

}  // namespace

std::vector<Candidate> enumerate_candidates(const std::vector<Scenario>& scenarios,
                                            const Goal& goal, int global_batch) {
  std::vector<Candidate> out;
  for (const Scenario& scenario : scenarios) {
    const int microbatch = scenario.costs->settings.microbatch;
    for (const auto& tables : scenario.tables) {
      if (tables == nullptr) continue;
      int gpus = 0;
      for (const Resource& resource : tables->grouping.resources) gpus += resource.count;
      // One replica count for each number of microbatches: the least that gives it, since more
      // replicas would take more GPUs and synchronise longer for the same pipeline.
      std::map<int, int> least_replicas;
      const int most = std::min(gpus, microbatches_of(global_batch, microbatch));
      for (int d = most; d >= 1; --d) {
        least_replicas[microbatches_of(global_batch, std::int64_t{microbatch} * d)] = d;
      }
      for (const auto& [m, d] : least_replicas) {
        Candidate candidate;
        candidate.scenario = &scenario;
        candidate.tables = tables.get();
        candidate.count = {d, m};
        candidate.lower =
            CompletionBound(*tables, *scenario.relaxation, candidate.count, goal).of_all();
        if (std::isfinite(candidate.lower)) out.push_back(candidate);
      }
    }
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Candidate& a, const Candidate& b) { return a.lower < b.lower; });
  return out;
}

}  // namespace sextant::search
