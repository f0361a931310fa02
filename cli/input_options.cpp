#include "cli/input_options.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant::cli {

void add_input_options(CLI::App& command, TrainingInputOptions& options) {
  command.add_option("--cluster", options.cluster, "Cluster document")
      ->required()
      ->type_name("FILE");
  command
      .add_option("--job", options.job, "Job document, or the artifact's training_config_*.json")
      ->required()
      ->type_name("FILE");
  add_profile_options(command, options);
}

void add_profile_options(CLI::App& command, TrainingInputOptions& options) {
  command
      .add_option("--profiles", options.profile_db, "Profile database (default: the shipped one)")
      ->type_name("DIR");
  command.add_option("--variant", options.variant,
                     "Variant of the profiles, as `sextant profile show` lists them");
  command
      .add_option("--calibration", options.calibration,
                  "What `sextant calibrate` fitted to measured runs of the site")
      ->type_name("FILE");
}

void add_price_options(CLI::App& command, TrainingInputOptions& options) {
  command
      .add_option("--prices", options.prices,
                  "Price list to put over the cluster's prices, as in profiles/prices")
      ->type_name("FILE");
  command.add_flag("--spot", options.spot, "Count the price list's spot prices");
}

CLI::Validator positive_number() {
  return {[](const std::string& text) {
            double value = 0;
            const char* end = text.data() + text.size();
            const auto parsed = std::from_chars(text.data(), end, value);
            const bool good =
                parsed.ec == std::errc() && parsed.ptr == end && value > 0 && std::isfinite(value);
            return good ? std::string()
                        : fmt::format("expected a number greater than zero, found {}", quote(text));
          },
          "NUMBER"};
}

void add_estimator_option(CLI::App& command, std::string& name) {
  std::string names;
  for (const Estimator* estimator : estimators()) names += fmt::format(" {}", estimator->name());
  command.add_option(
      "--estimator", name,
      fmt::format("The estimator that judges (default: {}); there are:{}", name, names));
}

std::pair<std::string, std::string> assignment(const std::string& option, const std::string& text) {
  const std::size_t at = text.find('=');
  if (at == std::string::npos || at == 0 || at + 1 == text.size()) {
    throw_usage(fmt::format("{} {}: expected NAME=VALUE", option, quote(text)));
  }
  return {text.substr(0, at), text.substr(at + 1)};
}

double token_count(const std::string& text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  double factor = 1;
  if (parsed.ec == std::errc() && end - parsed.ptr == 1) {
    switch (*parsed.ptr) {
      case 'K':
        factor = 1e3;
        break;
      case 'M':
        factor = 1e6;
        break;
      case 'B':
        factor = 1e9;
        break;
      case 'T':
        factor = 1e12;
        break;
      default:
        factor = 0;
    }
  }
  const bool whole = parsed.ec == std::errc() && end - parsed.ptr <= 1;
  if (!whole || !(value * factor >= 1) || !std::isfinite(value * factor)) {
    throw_usage(
        fmt::format("--tokens {}: expected a number of tokens such as 300B or 12e9", quote(text)));
  }
  return value * factor;
}

}  // namespace sextant::cli
