#include "nccl_bench/size_measurement.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/quantile.h"
#include "analyzer/core/table.h"

namespace sextant::bench {

namespace {

/// Ranks agree on how to go on about so often.
constexpr double kBatchSeconds = 0.1;
constexpr int kLargestBatch = 1000;
/// The 99th percentile of fewer is the largest one or nearly.
constexpr std::size_t kSamplesForP99 = 100;

std::string packed(const std::vector<double>& values) {
  std::string out(values.size() * sizeof(double), '\0');
  std::memcpy(out.data(), values.data(), out.size());
  return out;
}

std::vector<double> unpacked(const std::string& text) {
  std::vector<double> out(text.size() / sizeof(double));
  if (out.empty() || out.size() * sizeof(double) != text.size()) {
    throw_bad_input(fmt::format("a rank sent {} bytes of times", text.size()));
  }
  std::memcpy(out.data(), text.data(), text.size());
  return out;
}

std::int64_t whole_number(const std::string& text) {
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc{}) throw_bad_input("a rank sent no number: " + quote(text));
  return value;
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

/// The largest and the smallest at each position of packed rows, which are equally long.
struct Extremes {
  std::vector<double> largest;
  std::vector<double> smallest;
};
Extremes extremes_of(const std::vector<std::string>& rows) {
  Extremes out{unpacked(rows.front()), unpacked(rows.front())};
  for (const std::string& text : rows) {
    const std::vector<double> row = unpacked(text);
    if (row.size() != out.largest.size()) throw_bad_input("ranks sent unequally many times");
    for (std::size_t i = 0; i < row.size(); ++i) {
      out.largest[i] = std::max(out.largest[i], row[i]);
      out.smallest[i] = std::min(out.smallest[i], row[i]);
    }
  }
  return out;
}

/// Packed rows one after the other.
std::vector<double> joined(const std::vector<std::string>& rows) {
  std::vector<double> out;
  for (const std::string& text : rows) {
    const std::vector<double> row = unpacked(text);
    out.insert(out.end(), row.begin(), row.end());
  }
  return out;
}

}  // namespace

SizeMeasurement::SizeMeasurement(const Setting& setting, Board& board, Supervisor::Seat& seat)
    : setting_(setting),
      board_(board),
      seat_(seat),
      text_(fmt::format("{} of {}", to_string(setting.step.op),
                        format_bytes(static_cast<double>(setting.bytes)))) {}

void SizeMeasurement::begin(std::int64_t phase, const std::string& what) {
  phase_ = std::max(phase_, phase);
  seat_.begin(setting_.unit * kPositionsOfASize + phase_, what + " " + text_);
}

std::string SizeMeasurement::key(const std::string& name) const {
  return fmt::format("{}/{}", setting_.unit, name);
}

void SizeMeasurement::answer(const std::string& name, const std::string& text) {
  board_.set(key(fmt::format("{}/{}", name, setting_.rank)), text);
}

std::vector<std::string> SizeMeasurement::answers(const std::string& name) {
  std::vector<std::string> out;
  for (const int rank : setting_.step.ranks) {
    const std::string from = key(fmt::format("{}/{}", name, rank));
    seat_.wait(from);
    out.push_back(board_.look(from).value_or(""));
    board_.remove(from);
  }
  return out;
}

void SizeMeasurement::say_as_leader(const std::string& name, const std::string& text) {
  board_.set(key(name), text);
  said_.push_back(key(name));
  // Everybody has read all but the last two when they answered to the last but one.
  while (said_.size() > 2) {
    board_.remove(said_.front());
    said_.erase(said_.begin());
  }
}

void SizeMeasurement::forget_what_was_said() {
  for (const std::string& name : said_) board_.remove(name);
  said_.clear();
}

std::string SizeMeasurement::said_by_leader(const std::string& name) {
  seat_.wait(key(name));
  return board_.look(key(name)).value_or("");
}

std::string SizeMeasurement::prepare() {
  if (takes_part()) {
    begin(0, "preparing");
    std::string problem;
    try {
      setting_.group->prepare(setting_.step.operation(setting_.rank, setting_.bytes));
    } catch (const Error& error) {
      problem = fmt::format("rank {}: {}", setting_.rank, error.what());
    }
    answer("ready", problem);
  }
  begin(1, "waiting for all to prepare");
  if (leads()) {
    std::string problem;
    for (const std::string& text : answers("ready")) {
      if (problem.empty()) problem = text;
    }
    say_as_leader("go", problem);
    return problem;
  }
  return said_by_leader("go");
}

void SizeMeasurement::warm_up() {
  if (!takes_part()) return;
  for (int i = 0; i < setting_.options.warmup; ++i) {
    begin(3, "warming up");
    setting_.group->run(1);
  }
}

std::int64_t SizeMeasurement::count_wrong(int round) {
  if (!takes_part() || !setting_.options.verify) return 0;
  begin(2, "verifying");
  return setting_.group->count_wrong(round, setting_.rank == setting_.options.inject_error);
}

SizeMeasurement::Samples SizeMeasurement::sample() {
  Samples samples;
  StoppingCriterion criterion(setting_.options.stopping);
  std::int64_t iterations = 1;
  for (std::int64_t batch = 1; iterations > 0; ++batch) {
    const std::string name = std::to_string(batch);
    if (takes_part()) {
      begin(10 * batch, "timing");
      answer("times" + name, packed(setting_.group->run(static_cast<int>(iterations))));
    }
    begin(10 * batch + 1, "waiting for the others' times of");
    if (!leads()) {
      iterations = whole_number(said_by_leader("next" + name));
      continue;
    }
    const Extremes extremes = extremes_of(answers("times" + name));
    for (std::size_t i = 0; i < extremes.largest.size(); ++i) {
      criterion.add(extremes.largest[i]);
      samples.slowest.push_back(extremes.largest[i]);
      samples.skew.push_back(extremes.largest[i] - extremes.smallest[i]);
    }
    const double fitting = kBatchSeconds / std::max(mean_of(samples.slowest), 1e-9);
    // Not all at once: the first samples may be far from what follows.
    const double most = std::min(2.0 * criterion.samples(), double{kLargestBatch});
    iterations =
        criterion.done() ? 0 : std::max<std::int64_t>(1, std::llround(std::min(fitting, most)));
    say_as_leader("next" + name, std::to_string(iterations));
  }
  samples.unmet = criterion.verdict().unmet;
  return samples;
}

std::optional<SizeMeasurement::Point> SizeMeasurement::measure() {
  const std::string problem = prepare();
  if (!problem.empty()) {
    return leads() ? std::optional(Point{{}, problem}) : std::nullopt;
  }
  std::int64_t wrong = count_wrong(0);
  warm_up();
  const Samples samples = sample();
  wrong += count_wrong(1);
  if (takes_part()) answer("wrong", std::to_string(wrong));
  if (!leads()) return std::nullopt;
  begin(phase_ + 1, "waiting for the others' verification of");
  Point result;
  BandwidthPoint& point = result.point;
  point.bytes = static_cast<double>(setting_.bytes);
  point.time = summarize(samples.slowest);
  if (samples.slowest.size() >= kSamplesForP99) {
    point.p99_s = std::max(quantile_of(samples.slowest, 0.99), point.time.p90_s);
  }
  if (setting_.step.ranks.size() > 1) point.skew_s = summarize(samples.skew).median_s;
  point.unmet = samples.unmet;
  std::int64_t all_wrong = 0;
  for (const std::string& text : answers("wrong")) all_wrong += whole_number(text);
  if (setting_.options.verify) point.wrong = all_wrong;
  forget_what_was_said();
  return result;
}

std::optional<SizeMeasurement::Overlap> SizeMeasurement::measure_overlap() {
  constexpr int kFirst = 5;
  const std::string problem = prepare();
  if (!problem.empty()) {
    return leads() ? std::optional(Overlap{{}, problem}) : std::nullopt;
  }
  warm_up();
  begin(10, "timing");
  const std::vector<double> first = setting_.group->run(kFirst);
  begin(11, "choosing a matrix for");
  int matrix_size = 0;
  int iterations = 0;
  if (leads()) {
    const double seconds = *std::min_element(first.begin(), first.end());
    matrix_size = matrix_size_for(*setting_.load, setting_.step.type, seconds);
    const double most_seconds =
        std::min(setting_.options.stopping.time_limit_s, setting_.options.timeout_s / 2) / 10;
    iterations =
        static_cast<int>(std::clamp(most_seconds / seconds, double{kFirst}, double{kLargestBatch}));
    say_as_leader("matrix", std::to_string(matrix_size));
    say_as_leader("iterations", std::to_string(iterations));
  } else {
    matrix_size = static_cast<int>(whole_number(said_by_leader("matrix")));
    iterations = static_cast<int>(whole_number(said_by_leader("iterations")));
  }
  begin(12, "overlapping a matrix product with");
  setting_.load->prepare(matrix_size, setting_.step.type);
  const OverlapTimes times = bench::measure_overlap(*setting_.group, *setting_.load, iterations);
  answer("alone", packed(times.communication_alone));
  answer("together", packed(times.communication_together));
  answer("products_alone", packed(times.compute_alone));
  answer("products_together", packed(times.compute_together));
  if (!leads()) return std::nullopt;
  begin(13, "waiting for the others' overlap of");
  Overlap result;
  OverlapMeasurement& overlap = result.measurement;
  overlap.op = setting_.step.op;
  overlap.world_size = static_cast<int>(setting_.step.ranks.size());
  overlap.bytes = static_cast<double>(setting_.bytes);
  overlap.matrix_size = matrix_size;
  overlap.dtype = to_string(setting_.step.type);
  overlap.communication_alone = summarize(extremes_of(answers("alone")).largest);
  overlap.communication_together = summarize(extremes_of(answers("together")).largest);
  // Every rank's products: they do not wait for each other.
  overlap.compute_alone = summarize(joined(answers("products_alone")));
  overlap.compute_together = summarize(joined(answers("products_together")));
  forget_what_was_said();
  return result;
}

}  // namespace sextant::bench
