#include "analyzer/serving/documents/serving_figures.h"

#include <algorithm>
#include <cmath>

#include "analyzer/network/compare/robust_statistics.h"

namespace sextant {

namespace {

template <std::size_t N>
std::array<std::optional<double>, N> percentiles(const std::vector<double>& ascending,
                                                 const std::array<double, N>& shares) {
  std::array<std::optional<double>, N> out;
  for (std::size_t i = 0; i < N; ++i) out[i] = artifact_percentile(ascending, shares[i]);
  return out;
}

template <std::size_t N>
std::array<std::optional<double>, N> percentiles_of(std::vector<double> values,
                                                    const std::array<double, N>& shares) {
  std::sort(values.begin(), values.end());
  return percentiles(values, shares);
}

double per_output_token(const ServedRequest& request) {
  return (request.end_s - request.first_token_s) / std::max(1, request.length.output_tokens);
}

bool is_good(const ServedRequest& request, const LatencyTargets& targets) {
  if (targets.first_token_s && request.first_token_s - request.arrival_s > *targets.first_token_s) {
    return false;
  }
  return !targets.per_output_token_s || per_output_token(request) <= *targets.per_output_token_s;
}

/// Calls visit(figure of a, figure of b, …) for each number of equal figures.
template <typename Visit, typename... Figures>
void for_each_figure(Visit visit, Figures&... figures) {
  visit(figures.decode_tokens_per_s...);
  visit(figures.requests_per_s...);
  const auto each = [&](auto member, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) visit((figures.*member)[i]...);
  };
  each(&ServingFigures::prompt_latency_s, kArtifactShares.size());
  each(&ServingFigures::decode_latency_s, kArtifactShares.size());
  each(&ServingFigures::time_to_first_token_s, kUserShares.size());
  each(&ServingFigures::time_per_output_token_s, kUserShares.size());
  each(&ServingFigures::end_to_end_s, kUserShares.size());
  visit(figures.good_requests_per_s...);
  visit(figures.good_share...);
  visit(figures.finished...);
  visit(figures.rejected...);
  visit(figures.dropped...);
  visit(figures.preempted...);
}

/// Sums of one figure over runs.
struct Moments {
  int count = 0;
  double mean = 0;
  double squares = 0;  ///< of the differences from the mean

  void add(double value) {
    ++count;
    const double difference = value - mean;
    mean += difference / count;
    squares += difference * (value - mean);
  }

  double half_width() const {
    constexpr double kTail = 0.025;
    const double deviation = std::sqrt(squares / (count - 1));
    return student_t_beyond(kTail, count - 1) * deviation / std::sqrt(count);
  }
};

}  // namespace

ServingFigures serving_figures(const ServingSimulationResult& result, double warm_up_s,
                               double duration_s, const LatencyTargets& targets) {
  ServingFigures figures;
  figures.decode_tokens_per_s = result.decode_tokens_per_s;
  figures.prompt_latency_s = percentiles(result.prompt_latency_s, kArtifactShares);
  figures.decode_latency_s = percentiles(result.decode_latency_s, kArtifactShares);
  const auto in_window = [&](double time_s) {
    return time_s >= warm_up_s && time_s <= warm_up_s + duration_s;
  };
  std::vector<double> first;
  std::vector<double> per_token;
  std::vector<double> whole;
  double good = 0;
  double rejected = 0;
  for (const ServedRequest& request : result.requests) {
    if (request.rejected) {
      rejected += in_window(request.arrival_s);
      continue;
    }
    if (request.first_token_s >= 0 && in_window(request.first_token_s)) {
      first.push_back(request.first_token_s - request.arrival_s);
    }
    if (request.end_s < 0 || !in_window(request.end_s)) continue;
    per_token.push_back(per_output_token(request));
    whole.push_back(request.end_s - request.arrival_s);
    good += is_good(request, targets);
  }
  const auto ended = static_cast<double>(whole.size());
  if (duration_s > 0) figures.requests_per_s = ended / duration_s;
  if (targets.any()) {
    if (duration_s > 0) figures.good_requests_per_s = good / duration_s;
    if (ended + rejected > 0) figures.good_share = good / (ended + rejected);
  }
  figures.time_to_first_token_s = percentiles_of(std::move(first), kUserShares);
  figures.time_per_output_token_s = percentiles_of(std::move(per_token), kUserShares);
  figures.end_to_end_s = percentiles_of(std::move(whole), kUserShares);
  figures.finished = static_cast<double>(result.finished);
  figures.rejected = static_cast<double>(result.rejected);
  figures.dropped = static_cast<double>(result.dropped);
  figures.preempted = static_cast<double>(result.preempted);
  return figures;
}

ServingStatistics statistics_of(const std::vector<ServingFigures>& runs) {
  std::vector<Moments> moments;
  for (const ServingFigures& run : runs) {
    std::size_t at = 0;
    const auto add = [&](const std::optional<double>& value) {
      if (moments.size() == at) moments.emplace_back();
      if (value) moments[at].add(*value);
      ++at;
    };
    for_each_figure(add, run);
  }
  ServingStatistics statistics;
  std::size_t at = 0;
  const auto take = [&](auto& mean, auto& half_width) {
    const Moments& one = moments[at++];
    if (one.count > 0) mean = one.mean;
    if (one.count > 1) half_width = one.half_width();
  };
  for_each_figure(take, statistics.mean, statistics.half_width);
  return statistics;
}

std::vector<ServedNodeLoad> mean_loads(const std::vector<std::vector<ServedNodeLoad>>& runs) {
  std::vector<ServedNodeLoad> mean = runs.front();
  constexpr double ServedNodeLoad::*kFigures[] = {
      &ServedNodeLoad::busy_share,    &ServedNodeLoad::mean_queue,    &ServedNodeLoad::peak_queue,
      &ServedNodeLoad::mean_kv_share, &ServedNodeLoad::peak_kv_share, &ServedNodeLoad::mean_batch};
  for (std::size_t n = 0; n < mean.size(); ++n) {
    for (const auto figure : kFigures) {
      double sum = 0;
      for (const auto& run : runs) sum += run[n].*figure;
      mean[n].*figure = sum / static_cast<double>(runs.size());
    }
  }
  return mean;
}

}  // namespace sextant
