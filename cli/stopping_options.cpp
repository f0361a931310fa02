#include "cli/stopping_options.h"

#include <fmt/format.h>

namespace sextant::cli {

void add_stopping_options(CLI::App& program, StoppingRule& rule, const std::string& of_what,
                          const std::string& group) {
  program
      .add_option("--max-noise", rule.max_rel_stdev,
                  "Measure until the relative standard deviation is at most this")
      ->check(CLI::Range(1e-6, 10.0))
      ->capture_default_str()
      ->group(group);
  program.add_option("--min-samples", rule.min_samples, "And at least so many samples")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str()
      ->group(group);
  program
      .add_option(
          "--time-limit", rule.time_limit_s,
          fmt::format("But {} no longer than this, seconds; the document names what was not met",
                      of_what))
      ->check(CLI::Range(1e-3, 1e7))
      ->capture_default_str()
      ->group(group);
}

}  // namespace sextant::cli
