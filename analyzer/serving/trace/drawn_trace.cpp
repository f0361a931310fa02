#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/python_random.h"
#include "analyzer/core/random.h"
#include "analyzer/serving/trace/request_trace.h"

namespace sextant {

namespace {

constexpr double kMostRequests = 1e8;

struct MeanLength {
  double input_tokens = 0;
  double output_tokens = 0;
};

MeanLength mean_length(const RecordedRequests& recorded) {
  MeanLength sum;
  for (const RequestLength& length : recorded.lengths) {
    sum.input_tokens += length.input_tokens;
    sum.output_tokens += length.output_tokens;
  }
  const auto count = static_cast<double>(recorded.lengths.size());
  return {sum.input_tokens / count, sum.output_tokens / count};
}

void check(const RecordedRequests& recorded, double tokens_per_s, double duration_s) {
  if (recorded.lengths.empty())
    throw_bad_input("expected recorded lengths of requests, found none");
  if (!std::isfinite(tokens_per_s) || tokens_per_s <= 0) {
    throw_bad_input(fmt::format("expected more than 0 tokens per second, found {}", tokens_per_s));
  }
  if (!std::isfinite(duration_s) || duration_s <= 0) {
    throw_bad_input(fmt::format("expected a trace of more than 0 seconds, found {}", duration_s));
  }
  if (tokens_per_s * duration_s >= kMostRequests) {
    const MeanLength mean = mean_length(recorded);
    const double requests = tokens_per_s * duration_s / (mean.input_tokens + mean.output_tokens);
    if (requests >= kMostRequests) {
      throw_bad_input(fmt::format("expected fewer than {:.0e} requests, found {:.3g}",
                                  kMostRequests, requests));
    }
  }
}

}  // namespace

RequestTrace recorded_trace(const RecordedRequests& recorded, double tokens_per_s,
                            double duration_s, std::uint32_t seed) {
  check(recorded, tokens_per_s, duration_s);
  if (duration_s < recorded.interval_s) {
    throw_bad_input(fmt::format("expected a trace of at least {} seconds, an interval, found {}",
                                recorded.interval_s, duration_s));
  }
  double arrivals = 0;
  for (const int count : recorded.arrivals) arrivals += count;
  if (arrivals <= 0) throw_bad_input("expected recorded arrivals of requests, found none");
  const MeanLength mean = mean_length(recorded);
  const double requests_per_s = tokens_per_s / (mean.input_tokens + mean.output_tokens);
  const double scale = recorded.interval_s * requests_per_s /
                       (arrivals / static_cast<double>(recorded.arrivals.size()));
  PythonRandom random(seed);
  const auto draw = [&](const auto& list) {
    return list[static_cast<std::size_t>(
        random.randint(0, static_cast<std::int64_t>(list.size()) - 1))];
  };
  RequestTrace trace;
  std::vector<double> times;
  double carry = 0;
  const auto intervals = static_cast<std::int64_t>(duration_s / recorded.interval_s);
  for (std::int64_t i = 0; i < intervals; ++i) {
    const double wanted = scale * draw(recorded.arrivals) + carry;
    const double issued = std::nearbyint(wanted);  // halves to even, as Python's round
    carry = wanted - issued;
    const double begin = static_cast<double>(i) * recorded.interval_s;
    times.clear();
    for (double n = 0; n < issued; ++n) {
      times.push_back(random.uniform(begin, begin + recorded.interval_s));
    }
    std::sort(times.begin(), times.end());
    for (const double time : times) trace.push_back({time, draw(recorded.lengths)});
  }
  return trace;
}

RequestTrace poisson_trace(const RecordedRequests& recorded, double tokens_per_s, double duration_s,
                           std::uint64_t seed) {
  check(recorded, tokens_per_s, duration_s);
  const MeanLength mean = mean_length(recorded);
  const double requests_per_s = tokens_per_s / (mean.input_tokens + mean.output_tokens);
  Random random(seed);
  RequestTrace trace;
  double now = 0;
  while (true) {
    now += -std::log1p(-random.uniform()) / requests_per_s;
    if (now >= duration_s) return trace;
    trace.push_back({now, recorded.lengths[random.below(recorded.lengths.size())]});
  }
}

}  // namespace sextant
