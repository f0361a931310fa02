#include "analyzer/core/time_samples.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/quantile.h"

namespace sextant {

TimeSummary summarize(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  double sum = 0;
  for (const double sample : samples) sum += sample;
  const double mean = sum / static_cast<double>(samples.size());
  double squares = 0;
  for (const double sample : samples) squares += (sample - mean) * (sample - mean);
  TimeSummary time;
  time.samples = static_cast<int>(samples.size());
  time.median_s = quantile_of_sorted(samples, 0.5);
  time.p10_s = std::min(quantile_of_sorted(samples, 0.1), time.median_s);
  time.p90_s = std::max(quantile_of_sorted(samples, 0.9), time.median_s);
  if (time.samples > 1 && mean > 0) {
    time.rel_stdev = std::sqrt(squares / static_cast<double>(time.samples - 1)) / mean;
  }
  return time;
}

StoppingCriterion::StoppingCriterion(const StoppingRule& rule)
    : rule_(rule), start_(std::chrono::steady_clock::now()) {}

void StoppingCriterion::add(double sample_s) {
  ++count_;
  const double delta = sample_s - mean_;
  mean_ += delta / count_;
  squares_ += delta * (sample_s - mean_);
  history_.push_back(count_ < 2 || mean_ <= 0 ? 0 : std::sqrt(squares_ / (count_ - 1)) / mean_);
}

bool StoppingCriterion::done() const {
  if (count_ > 0 && elapsed_s() > rule_.time_limit_s) return true;
  return count_ >= rule_.min_samples && (rel_stdev() <= rule_.max_rel_stdev || has_settled());
}

bool StoppingCriterion::has_settled() const {
  // A standard deviation of so many samples is itself uncertain by 1 / sqrt(2 n), 7 %: what differs
  // by less from that of half as many will not come down by waiting.
  constexpr std::size_t kEnough = 100;
  constexpr double kLittle = 0.05;
  if (history_.size() < kEnough) return false;
  const double before = history_[history_.size() / 2 - 1];
  return std::abs(rel_stdev() - before) <= kLittle * before;
}

StoppingRule StoppingCriterion::verdict() const {
  StoppingRule verdict = rule_;
  if (count_ < rule_.min_samples) {
    verdict.unmet = fmt::format("{} of {} samples within {:g} s", count_, rule_.min_samples,
                                rule_.time_limit_s);
  } else if (rel_stdev() > rule_.max_rel_stdev) {
    verdict.unmet =
        fmt::format("relative standard deviation {:.2g} instead of {:g} {} {} samples", rel_stdev(),
                    rule_.max_rel_stdev,
                    has_settled() ? "has settled after"
                                  : fmt::format("when {:g} s were over, after", rule_.time_limit_s),
                    count_);
  }
  return verdict;
}

double StoppingCriterion::elapsed_s() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

OrderedJson time_json(const TimeSummary& phase) {
  OrderedJson out = {{"median_s", phase.median_s}};
  if (phase.samples > 0) {
    out["p10_s"] = phase.p10_s;
    out["p90_s"] = phase.p90_s;
    out["n"] = phase.samples;
    out["rel_stdev"] = phase.rel_stdev;
  }
  return out;
}

TimeSummary read_time(const JsonNode& node, bool may_be_zero, bool lenient) {
  expect_known(node, lenient, {"median_s", "p10_s", "p90_s", "n", "rel_stdev"});
  TimeSummary phase;
  const JsonNode median = node.at("median_s");
  phase.median_s = may_be_zero ? median.non_negative() : median.positive();
  phase.p10_s = phase.p90_s = phase.median_s;
  if (!node.has("n")) {
    for (const char* name : {"p10_s", "p90_s", "rel_stdev"}) {
      if (node.has(name)) node.fail("n, the number of samples, beside a spread");
    }
    return phase;
  }
  phase.samples = node.at("n").count();
  phase.p10_s = node.at("p10_s").non_negative();
  phase.p90_s = node.at("p90_s").non_negative();
  phase.rel_stdev = node.at("rel_stdev").non_negative();
  if (phase.p10_s > phase.median_s || phase.p90_s < phase.median_s) {
    node.fail("p10_s <= median_s <= p90_s",
              fmt::format("{}, {}, {}", phase.p10_s, phase.median_s, phase.p90_s));
  }
  return phase;
}

OrderedJson stopping_json(const StoppingRule& rule) {
  return {{"max_rel_stdev", rule.max_rel_stdev},
          {"min_samples", rule.min_samples},
          {"time_limit_s", rule.time_limit_s},
          {"unmet", rule.unmet}};
}

StoppingRule read_stopping(const JsonNode& node, bool lenient) {
  expect_known(node, lenient, {"max_rel_stdev", "min_samples", "time_limit_s", "unmet"});
  return {node.at("max_rel_stdev").positive(), node.at("min_samples").count(),
          node.at("time_limit_s").positive(), node.at("unmet").string()};
}

}  // namespace sextant
