#pragma once

#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include "analyzer/training/training_input.h"
#include "cli/commands.h"

namespace sextant::cli {

/// --cluster, --job, --profiles, --variant, --calibration: the inputs of `plan` and `simulate`.
void add_input_options(CLI::App& command, TrainingInputOptions& options);

/// --profiles, --variant, --calibration: of these, what is not cluster and job.
void add_profile_options(CLI::App& command, TrainingInputOptions& options);

/// --prices, --spot: what GPUs and egress cost on a day.
void add_price_options(CLI::App& command, TrainingInputOptions& options);

/// Lets finite numbers greater than zero through.
CLI::Validator positive_number();

/// --estimator, with the names of those there are.
void add_estimator_option(CLI::App& command, std::string& name);

/// "NAME=VALUE", as an option's value has it. Throws Error(kUsage) naming the option.
std::pair<std::string, std::string> assignment(const std::string& option, const std::string& text);

/// "12e9", "300B", "1T": a number of tokens with an optional K, M, B or T. Throws Error(kUsage).
double token_count(const std::string& text);

}  // namespace sextant::cli
