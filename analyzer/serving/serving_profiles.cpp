#include "analyzer/serving/serving_profiles.h"

#include <algorithm>
#include <cfenv>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

TimeCurve::TimeCurve(std::vector<std::pair<double, double>> points, std::string_view name)
    : points_(std::move(points)) {
  const auto refuse = [&](std::string_view what) {
    throw Error(ErrorCode::kBadInput, fmt::format("{}: {}", name, what));
  };
  if (points_.size() < 2) refuse("expected at least two points");
  if (points_.front().first != 0) refuse("expected the first point at 0");
  for (std::size_t i = 0; i < points_.size(); ++i) {
    const auto& [n, seconds] = points_[i];
    if (!std::isfinite(n) || !std::isfinite(seconds) || seconds < 0) {
      refuse(fmt::format("point {}: expected finite times of at least 0, found {} at {}", i + 1,
                         seconds, n));
    }
    if (i > 0 && n <= points_[i - 1].first) {
      refuse(
          fmt::format("point {}: expected more than {}, found {}", i + 1, points_[i - 1].first, n));
    }
  }
}

double TimeCurve::at(double n) const {
  const auto above = std::lower_bound(points_.begin() + 1, points_.end() - 1, n,
                                      [](const auto& point, double x) { return point.first < x; });
  const auto& [x1, y1] = *above;
  const auto& [x0, y0] = *(above - 1);
  if (n == x1) return y1;
  return std::max(0.0, y0 + (y1 - y0) * (n - x0) / (x1 - x0));
}

int ServingProfiles::type_index(std::string_view name) const {
  std::string known;
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (types[i].name == name) return static_cast<int>(i);
    known += (known.empty() ? "" : ", ") + types[i].name;
  }
  throw Error(ErrorCode::kBadInput,
              fmt::format("no profile of machine type '{}' for {}; there are {}", name, model.name,
                          known.empty() ? "none" : known));
}

namespace {

constexpr double kKvShareInUse = 0.3;
constexpr double kTypicalTokens = kTypicalInputTokens + kTypicalOutputTokens;
constexpr int kRounds = 10;
/// Of the layers that the typical machines can hold, over the model's.
constexpr double kRoomyShare = 1.2;

/// To the nearest integer, halves to the even one.
double half_to_even(double x) {
  return std::nearbyint(x);
}

/// Tokens per second of a machine with `layers` layers that takes `share` of the work.
double throughput_at(const MachineType& type, int layers, double share) {
  const double available =
      std::trunc(kKvShareInUse * static_cast<double>(type.kv_layer_tokens(layers)) / layers);
  const double sequences = available / kTypicalTokens * share;
  double prompts = sequences / kTypicalOutputTokens;
  double prompt_tokens = half_to_even(kTypicalInputTokens * prompts);
  double decodes = half_to_even(sequences);
  if (prompts > 1) {
    prompts = 1;
    prompt_tokens = kTypicalInputTokens;
    decodes = kTypicalOutputTokens;
  }
  if (prompts >= 1) {
    return (prompt_tokens + decodes) /
           (layers * (type.prompt_s.at(prompt_tokens) + type.decode_s.at(decodes)));
  }
  // So small a share that nothing is typical.
  if (prompts <= 0 || prompt_tokens + decodes <= 0) return 0;
  // A prompt in one of `every` steps.
  const double every = 1 / prompts;
  return every * (prompt_tokens + decodes) /
         (layers * (type.prompt_s.at(std::trunc(prompt_tokens * every)) +
                    every * type.decode_s.at(decodes)));
}

}  // namespace

ThroughputTable typical_throughput(const ServingProfiles& profiles,
                                   const std::vector<int>& machines_of_type) {
  const std::size_t types = profiles.types.size();
  double roomy = 0;
  double machines = 0;
  for (std::size_t t = 0; t < types; ++t) {
    roomy += machines_of_type[t] * static_cast<double>(profiles.types[t].typical_layers);
    machines += machines_of_type[t];
  }
  if (machines == 0) {
    throw Error(ErrorCode::kBadInput, "expected at least one machine, found none");
  }
  const bool tight = roomy < kRoomyShare * profiles.model.layers;
  std::vector<int> typical(types);
  std::vector<double> perf(types);
  for (std::size_t t = 0; t < types; ++t) {
    const MachineType& type = profiles.types[t];
    typical[t] = tight ? type.typical_layers_if_tight : type.typical_layers;
    perf[t] = type.first_layer_tokens_per_s;
  }
  const auto throughput = [&](std::size_t t, int layers) {
    double weight = 0;
    double weighted = 0;
    for (std::size_t u = 0; u < types; ++u) {
      const double held = static_cast<double>(machines_of_type[u]) * typical[u];
      weight += held;
      weighted += held * (1 / perf[u]);
    }
    const double own = layers * (1 / perf[t]);
    const double others = (profiles.model.layers - layers) * (weighted / weight);
    return throughput_at(profiles.types[t], layers, own / (others + own));
  };
  for (int round = 0; round < kRounds; ++round) {
    std::vector<double> next = perf;
    for (std::size_t t = 0; t < types; ++t) {
      // A type without machines counts nothing in the mean.
      if (machines_of_type[t] > 0) next[t] = throughput(t, typical[t]) * typical[t];
    }
    perf = next;
  }
  ThroughputTable table(types);
  for (std::size_t t = 0; t < types; ++t) {
    table[t].push_back(0);
    for (int k = 1; k <= profiles.types[t].max_layers; ++k) table[t].push_back(throughput(t, k));
  }
  return table;
}

}  // namespace sextant
