#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/measured/measured_run.h"
#include "analyzer/plan/rank_layout.h"
#include "profiler/run/run_request.h"

namespace sextant::profiler {

/// What rank 0 learns of all plans, and their documents. Threads may share it.
class RunResults {
 public:
  explicit RunResults(const RunRequest& request);

  void describe(Evidence evidence, const std::map<std::string, std::string>& provenance);
  /// An iteration of plan `plan`: its seconds unless it was warm-up, and its loss unless an earlier
  /// round had the same iteration.
  void add_iteration(std::size_t plan, std::optional<double> seconds, std::optional<double> loss);
  /// What a rank measured so far.
  void set_rank(std::size_t plan, const MeasuredRank& rank);
  /// The plan was measured to its end.
  void complete(std::size_t plan);

  /// Whether any plan has a measured iteration.
  bool has_samples() const;
  /// Writes the documents of plans that have some; those that are not complete say `reason`.
  void write(const std::string& reason) const;
  /// The documents that write() would write.
  std::vector<MeasuredRun> documents(const std::string& reason) const;

 private:
  struct PlanResult {
    std::vector<double> samples;
    std::vector<double> losses;
    std::map<RankPlace, MeasuredRank> ranks;
    bool complete = false;
  };

  const RunRequest& request_;
  mutable std::mutex mutex_;
  Evidence evidence_ = Evidence::kMeasuredCpu;
  std::map<std::string, std::string> provenance_;
  std::vector<PlanResult> plans_;
};

/// A table for people, one row a run.
std::string results_text(const std::vector<MeasuredRun>& runs);

}  // namespace sextant::profiler
