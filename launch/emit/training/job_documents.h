#pragma once

#include "launch/emit/training/launch_target.h"

namespace sextant {

/// Adds plan.json, job.json and, where the model is none of the built-in ones, model.json, to which
/// the job then refers: what run_plan and `sextant` read of the folder.
void put_job_documents(const LaunchJob& job, JobFolder& folder);

}  // namespace sextant
