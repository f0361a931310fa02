#pragma once

#include <CLI/CLI.hpp>

#include "planner/training/explain/explanation.h"

namespace sextant::cli {

/// Adds --explain.
void add_explain_option(CLI::App& command, bool& explain);

/// "why this plan …", for people: what binds, what changes and nodes would bring, what came close.
std::string explanation_text(const Explanation& explanation);

/// Member `explanation` of the best row of `plans`.
OrderedJson explanation_json(const Explanation& explanation);

}  // namespace sextant::cli
