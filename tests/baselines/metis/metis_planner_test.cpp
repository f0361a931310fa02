#include <cstdlib>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "planner/training/planner.h"
#include "tests/baselines/support/recorded.h"
#include "tests/support/reference_data.h"

namespace sextant {
namespace {

TEST(MetisExplore, Rows) {
  const char* budget = std::getenv("METIS_BUDGET");
  const char* only = std::getenv("METIS_FIGS");
  for (const RecordedAnswer& answer : recorded_answers("Metis")) {
    if (only && std::string(only).find(answer.figure) == std::string::npos) continue;
    const TrainingInput input = published_input(answer.figure, answer.cluster);
    PlannerOptions options;
    options.max_evaluations = budget ? std::strtoull(budget, nullptr, 10) : 0;
    options.seed = answer.variant.empty() ? 0 : 1;
    const PlannedJob ours = plan_job(planner_named("metis"), input.problem(),
                                     estimator_named("sailor"), options);
    printf("%s%s %s rec %.4f oom %d | ours %.4f (%.3f) oom %d evals %llu complete %d %.2fs believed | %s %s\n",
           answer.figure.c_str(), answer.variant.c_str(), answer.cluster.c_str(), answer.iters_per_s,
           answer.plans_rejected_oom, ours.feasible ? ours.prediction.iters_per_s() : 0,
           ours.feasible ? ours.prediction.iters_per_s() / answer.iters_per_s : 0,
           ours.plans_rejected_oom, (unsigned long long)ours.search.evaluations,
           ours.search.complete, ours.search_s, ours.feasible ? summary(ours.plan).c_str() : "",
           ours.reason.c_str());
    fflush(stdout);
  }
}

}  // namespace
}  // namespace sextant
