#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "planner/serving/sextant/placement_search.h"
#include "planner/serving/sextant/search_instance.h"
#include "planner/serving/sextant/search_limits.h"
#include "planner/serving/sextant/served_score.h"
#include "planner/serving/sextant/service_formula.h"

namespace sextant {

/// What the parts of a search for served requests share.
struct ServedContext {
  const PlacementProblem& problem;
  const SearchInstance& instance;
  const PlacementSearchOptions& options;
  const SearchLimits& limits;
  ServiceFormula formula;
  double offered_decode = 0;  ///< decode tokens per second at which latency counts; 0: not yet
  ServedLoads loads;

  /// A number of tries at the effort that is asked, at least one.
  std::int64_t count(double number) const;
  /// Whether a load is given, which should be served.
  bool must_endure() const { return options.offered_tokens_per_s > 0; }
};

/// A placement that was tried, and what it is ranked by.
struct ServedCandidate {
  StageChain chain;
  double score = kNotServed;
};

/// Best first; of equals, and of the same chain, the first stays first, and alone.
void rank_candidates(std::vector<ServedCandidate>& candidates, std::size_t keep);

/// What the formula (a copy of the context's for each thread) says of a chain: the logarithm of its
/// throughput and, once offered_decode is known, less those of the latencies at that load, as the
/// weight has it. kNotServed where the chain is not feasible.
double formula_score(const ServedContext& search, ServiceFormula& formula, const StageChain& chain,
                     double weight);

}  // namespace sextant
