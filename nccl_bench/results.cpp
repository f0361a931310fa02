#include "nccl_bench/results.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/files.h"
#include "nccl_bench/report.h"

namespace sextant::bench {

namespace {

/// Large matrices make documents whose writing would take longer than measuring.
constexpr std::chrono::seconds kWritingPeriod(1);

bool is_empty(const Sweep& sweep) {
  return sweep.points.empty() && sweep.failures.empty();
}

}  // namespace

Results::Results(BandwidthDocument document, std::filesystem::path output,
                 std::filesystem::path csv)
    : document_(std::move(document)), output_(std::move(output)), csv_(std::move(csv)) {}

void Results::change(const std::function<void(BandwidthDocument&)>& change) {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  change(document_);
  const auto now = std::chrono::steady_clock::now();
  if (now - written_ < kWritingPeriod) return;
  written_ = now;
  write();
}

void Results::finish() {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  finished_ = true;
}

void Results::end_early(const std::string& reason) {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  finished_ = true;
  document_.complete = false;
  document_.problems.push_back(reason);
}

bool Results::has_points() const {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  return !document_.overlaps.empty() ||
         std::any_of(document_.sweeps.begin(), document_.sweeps.end(),
                     [](const Sweep& sweep) { return !sweep.points.empty(); });
}

BandwidthDocument Results::document() const {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  BandwidthDocument out = document_;
  std::erase_if(out.sweeps, is_empty);
  if (!finished_) {
    // What a reader finds where this process was killed.
    out.complete = false;
    out.problems.push_back("measuring had not ended when this was written");
  }
  for (const Sweep& sweep : out.sweeps) {
    for (const BandwidthPoint& point : sweep.points) {
      if (point.wrong.value_or(0) == 0) continue;
      out.problems.push_back(fmt::format("{}: {} wrong values at {:.0f} bytes", sweep.text(),
                                         *point.wrong, point.bytes));
    }
    for (const BandwidthFailure& failure : sweep.failures) {
      out.problems.push_back(
          fmt::format("{}: {:.0f} bytes: {}", sweep.text(), failure.bytes, failure.reason));
    }
  }
  return out;
}

void Results::write() const {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  if (output_.empty() && csv_.empty()) return;
  const BandwidthDocument finished = document();
  if (finished.sweeps.empty() && finished.overlaps.empty()) return;
  if (!output_.empty()) write_file_atomically(output_, bandwidth_document_text(finished));
  if (!csv_.empty()) write_file_atomically(csv_, csv_text(finished));
}

}  // namespace sextant::bench
