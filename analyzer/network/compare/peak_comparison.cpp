#include "analyzer/network/compare/peak_comparison.h"

#include <set>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "analyzer/network/compare/robust_statistics.h"

namespace sextant {

namespace {

// Protocols take their part: NVIDIA expects 0.82 of NVLink 4 (issue 212 of NVIDIA/nccl-tests), 0.96
// of four HDR adapters is reported (issue 119). This leaves room for other traffic.
constexpr double kExpected = 0.7;
// A link trained to half its width, to the generation below, or one of two NICs missing: none of
// these can come above half.
constexpr double kHalf = 0.5;
// Data sheets round, and clocks differ by far less.
constexpr double kAbove = 1.02;

std::string reason_of(const PeakComparison& row, CommunicationOp op) {
  switch (row.verdict) {
    case PeakVerdict::kAsExpected:
      return "";
    case PeakVerdict::kLow:
      return "protocol, placement or other traffic take more than the usual part";
    case PeakVerdict::kHalved:
      return "no more than half the width, the generation below or one of two NICs would give";
    case PeakVerdict::kAbovePeak:
      return op == CommunicationOp::kAllReduce
                 ? "another link than this, compression, or the network added up itself (SHARP), "
                   "for which bus bandwidth is not defined"
                 : "another link than this, or compression";
    case PeakVerdict::kNotReached:
      return fmt::format("still rising at {}; measure larger messages",
                         format_bytes(row.plateau.to_bytes));
    case PeakVerdict::kUnknownPeak:
      break;
  }
  return "";
}

}  // namespace

std::string_view to_string(PeakVerdict verdict) {
  switch (verdict) {
    case PeakVerdict::kAsExpected:
      return "as expected";
    case PeakVerdict::kLow:
      return "low";
    case PeakVerdict::kHalved:
      return "half or less";
    case PeakVerdict::kAbovePeak:
      return "above peak";
    case PeakVerdict::kNotReached:
      return "not reached";
    case PeakVerdict::kUnknownPeak:
      return "peak unknown";
  }
  throw Error(ErrorCode::kInternal, "a verdict without a name");
}

void judge_against_peak(PeakComparison& row, const PeakLookup& lookup, CommunicationOp op) {
  row.peak = lookup.peak;
  if (!lookup.peak) {
    row.verdict = PeakVerdict::kUnknownPeak;
    row.reason = lookup.unknown;
    return;
  }
  row.fraction = row.plateau.bytes_per_s / lookup.peak->bytes_per_s;
  if (row.fraction > kAbove) {
    row.verdict = PeakVerdict::kAbovePeak;
  } else if (row.fraction >= kExpected) {
    row.verdict = PeakVerdict::kAsExpected;
  } else if (row.plateau.shape == Plateau::Shape::kRising) {
    row.verdict = PeakVerdict::kNotReached;
  } else {
    row.verdict = row.fraction < kHalf ? PeakVerdict::kHalved : PeakVerdict::kLow;
  }
  row.reason = reason_of(row, op);
}

std::vector<PeakComparison> compare_with_peaks(const BandwidthDocument& document,
                                               const std::vector<LinkMatrix>& matrices,
                                               const std::string& named) {
  std::vector<PeakComparison> out;
  std::set<std::size_t> in_class;
  for (const LinkMatrix& matrix : matrices) {
    in_class.insert(matrix.sweeps.begin(), matrix.sweeps.end());
    if (matrix.links.empty()) continue;
    const Sweep& first = document.sweeps[matrix.sweeps.front()];
    PeakComparison row;
    row.what = fmt::format("send_recv of pairs, {}", matrix.name);
    row.level = matrix.level;
    row.links = matrix.links.size();
    row.plateau = plateau_of(first);
    std::vector<double> values;
    for (const MeasuredLink& link : matrix.links) values.push_back(link.bytes_per_s);
    row.plateau.bytes_per_s = median_of(std::move(values));
    judge_against_peak(row, peak_of(document, first, named), first.op);
    out.push_back(std::move(row));
  }
  for (std::size_t i = 0; i < document.sweeps.size(); ++i) {
    const Sweep& sweep = document.sweeps[i];
    if (in_class.count(i) > 0 || sweep.points.empty()) continue;
    PeakComparison row;
    row.what = sweep.text();
    row.level = sweep.level;
    row.plateau = plateau_of(sweep);
    judge_against_peak(row, peak_of(document, sweep, named), sweep.op);
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace sextant
