// Plans a job of the shipped data through the installed libraries, and prints the prediction.
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "analyzer/core/error.h"
#include "analyzer/training/training_input.h"
#include "planner/training/planner.h"

int main() {
  const std::filesystem::path profiles = PROFILES_DIR;
  ::setenv("SEXTANT_PROFILES", profiles.c_str(), 0);
  try {
    sextant::TrainingInputOptions options;
    options.cluster = profiles / "clusters" / "two-types.json";
    options.job = profiles / "jobs" / "opt-350m.json";
    const sextant::TrainingInput input = sextant::load_training_input(options);
    const sextant::PlannedJob planned =
        sextant::plan_job(sextant::planner_named("sextant"), input.problem(),
                          sextant::estimator_named("sailor"), sextant::PlannerOptions());
    if (!planned.feasible) throw sextant::Error(planned.failure, planned.reason);
    std::printf("%.5g iterations/s\n", planned.prediction.iters_per_s());
  } catch (const sextant::Error& error) {
    std::fprintf(stderr, "plan_a_job: error: %s\n", error.what());
    return error.exit_code();
  }
}
