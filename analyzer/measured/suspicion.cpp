#include "analyzer/measured/suspicion.h"

#include <fmt/format.h>

namespace sextant {

namespace {

std::string set_of(const MeasuredRun& run) {
  const std::size_t slash = run.name.rfind('/');
  return slash == std::string::npos ? "" : run.name.substr(0, slash);
}

/// Whether a GPU of each plan holds the same: equal memory is then what one expects.
bool hold_alike(const Plan& a, const Plan& b) {
  if (a.microbatch != b.microbatch || a.recompute != b.recompute || a.schedule != b.schedule ||
      a.zero_stage != b.zero_stage || a.sequence_parallel != b.sequence_parallel) {
    return false;
  }
  const std::vector<Stage>& left = a.pipelines.front().stages;
  const std::vector<Stage>& right = b.pipelines.front().stages;
  if (left.size() != right.size()) return false;
  for (std::size_t s = 0; s < left.size(); ++s) {
    if (left[s].chunks != right[s].chunks ||
        left[s].replicas.front().tp != right[s].replicas.front().tp) {
      return false;
    }
  }
  return true;
}

void add(MeasuredRun& run, const std::string& fact) {
  if (run.suspicion.find(fact) != std::string::npos) return;
  run.suspicion += (run.suspicion.empty() ? "" : "; ") + fact;
}

void compare(MeasuredRun& run, const MeasuredRun& other) {
  const auto memory = run.largest_process_bytes();
  if (set_of(run) == set_of(other) && memory && memory == other.largest_process_bytes()) {
    if (run.iteration.median_s == other.iteration.median_s) {
      add(run, fmt::format("time and memory identical to {}", other.name));
    } else if (run.ranks.empty() && !hold_alike(run.plan, other.plan)) {
      // Ranks of ours that run several plans hold what each of them left.
      add(run, fmt::format("memory identical to {}, another split", other.name));
    }
  }
  if (run.sync_s == other.iteration.median_s) {
    add(run, fmt::format("sync identical to the iteration of {}", other.name));
  }
}

}  // namespace

void mark_suspicions(std::vector<MeasuredRun>& runs) {
  for (MeasuredRun& run : runs) {
    if (run.sync_s == run.iteration.median_s) add(run, "sync identical to the iteration");
    for (const MeasuredRun& other : runs) {
      if (&other != &run) compare(run, other);
    }
  }
}

}  // namespace sextant
