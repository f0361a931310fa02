#pragma once

#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>

#include "analyzer/training/estimator.h"

namespace sextant {

/// The folder with the own tables of the tools that Sailor was compared with (AMP/, Varuna/, …):
/// sailor/Planner/baselines of a checkout of the artifact, else baselines/data beside `artifact`.
/// Empty where there is none.
std::filesystem::path published_tables_of(const std::filesystem::path& artifact);

/// The first of `candidates`, paths below problem.published_tables, that is there; nothing where
/// none is, or where the problem has no such folder.
std::optional<std::filesystem::path> find_published_table(
    const TrainingProblem& problem, std::initializer_list<std::string> candidates);

}  // namespace sextant
