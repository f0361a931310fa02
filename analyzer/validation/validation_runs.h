#pragma once

#include <filesystem>
#include <vector>

#include "analyzer/measured/measured_run.h"
#include "analyzer/plan/job.h"
#include "analyzer/profile/model_profile.h"

namespace sextant {

/// The measured runs of a directory and all below it, suspicions marked: documents of kind
/// `measured`, or validation plan files as Sailor's artifact has them (plan_config_*.json), which
/// do not say of which model, data type, sequence length and optimizer they are and are taken to be
/// of the job's. Throws Error(kBadInput) where there is neither, there are both, or one is
/// malformed.
std::vector<MeasuredRun> read_validation_runs(const std::filesystem::path& directory,
                                              const Job& job, int layer_count);

/// Throws Error(kBadInput) naming the run's file and both values where its model, number of
/// pipeline layers, data type, sequence length or optimizer is not that of job and profile.
void check_suits(const MeasuredRun& run, const Job& job, const ModelProfile& profile);

}  // namespace sextant
