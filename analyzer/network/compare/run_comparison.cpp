#include "analyzer/network/compare/run_comparison.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/network/compare/robust_statistics.h"

namespace sextant {

namespace {

/// Less than the fit of a link errs by: no plan would differ.
constexpr double kNegligible = 0.02;

/// Whether both measured the same, whatever the ranks. An unknown data type goes with any: it does
/// not matter to what only moves.
bool alike(const Sweep& a, const Sweep& b) {
  const bool same_type = a.dtype == b.dtype || a.dtype.empty() || b.dtype.empty();
  return a.op == b.op && a.pattern == b.pattern && a.world_size == b.world_size &&
         a.level == b.level && a.from_zone == b.from_zone && a.to_zone == b.to_zone &&
         a.in_place == b.in_place && same_type;
}

std::vector<std::size_t> those_like(const Sweep& sweep, const BandwidthDocument& document) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < document.sweeps.size(); ++i) {
    if (alike(sweep, document.sweeps[i])) out.push_back(i);
  }
  return out;
}

std::optional<std::size_t> partner_of(const Sweep& sweep, const BandwidthDocument& a,
                                      const BandwidthDocument& b) {
  const std::vector<std::size_t> candidates = those_like(sweep, b);
  if (candidates.size() == 1 && those_like(sweep, a).size() == 1) return candidates.front();
  for (const std::size_t i : candidates) {
    if (b.sweeps[i].ranks == sweep.ranks && b.sweeps[i].dtype == sweep.dtype) return i;
  }
  return std::nullopt;
}

TimeInterval interval_of(const BandwidthPoint& point) {
  // One sample has no spread either.
  return {point.time.median_s, point.time.p10_s, point.time.p90_s, point.time.samples > 1};
}

SizeComparison compare_sizes(const BandwidthPoint& a, const BandwidthPoint& b) {
  return {a.bytes, a.time.median_s, b.time.median_s, b.time.median_s / a.time.median_s - 1,
          judge(interval_of(a), interval_of(b))};
}

void judge_sweep(SweepComparison& row) {
  std::vector<double> changes;
  for (const SizeComparison& size : row.sizes) changes.push_back(size.change);
  row.change = median_of(changes);
  const auto [low, high] = median_interval(changes.size());
  if (high == 0) {
    const Verdict first = row.sizes.front().verdict;
    const bool agree = std::all_of(row.sizes.begin(), row.sizes.end(),
                                   [&](const auto& size) { return size.verdict == first; });
    row.verdict = agree ? first : Verdict::kAmbiguous;
    return;
  }
  std::sort(changes.begin(), changes.end());
  row.change_low = changes[low];
  row.change_high = changes[high];
  if (*row.change_low >= -kNegligible && *row.change_high <= kNegligible) {
    row.verdict = Verdict::kSame;
  } else if (*row.change_high < 0 && row.change < -kNegligible) {
    row.verdict = Verdict::kFaster;
  } else if (*row.change_low > 0 && row.change > kNegligible) {
    row.verdict = Verdict::kSlower;
  }
}

SweepComparison compare_sweeps(const Sweep& a, const Sweep& b) {
  SweepComparison row;
  row.what = b.text();
  const auto find = [](const Sweep& sweep, double bytes) {
    return std::find_if(sweep.points.begin(), sweep.points.end(),
                        [&](const BandwidthPoint& point) { return point.bytes == bytes; });
  };
  for (const BandwidthPoint& point : a.points) {
    const auto other = find(b, point.bytes);
    if (other == b.points.end()) {
      row.only_in_a.push_back(point.bytes);
    } else {
      row.sizes.push_back(compare_sizes(point, *other));
    }
  }
  for (const BandwidthPoint& point : b.points) {
    if (find(a, point.bytes) == a.points.end()) row.only_in_b.push_back(point.bytes);
  }
  if (!row.sizes.empty()) judge_sweep(row);
  return row;
}

std::string names_of(const BandwidthDocument& document) {
  std::string out;
  constexpr std::size_t kMost = 3;
  for (std::size_t i = 0; i < std::min(kMost, document.sweeps.size()); ++i) {
    out += (i > 0 ? "; " : "") + document.sweeps[i].text();
  }
  if (document.sweeps.size() > kMost) {
    out += fmt::format(" and {} more", document.sweeps.size() - kMost);
  }
  return out;
}

}  // namespace

RunComparison compare_runs(const BandwidthDocument& a, const BandwidthDocument& b) {
  RunComparison out;
  std::set<std::size_t> used;
  std::size_t common = 0;
  for (const Sweep& sweep : a.sweeps) {
    const auto partner = partner_of(sweep, a, b);
    if (!partner || !used.insert(*partner).second) {
      out.only_in_a.push_back(sweep.text());
      continue;
    }
    out.sweeps.push_back(compare_sweeps(sweep, b.sweeps[*partner]));
    common += out.sweeps.back().sizes.size();
  }
  for (std::size_t i = 0; i < b.sweeps.size(); ++i) {
    if (used.count(i) == 0) out.only_in_b.push_back(b.sweeps[i].text());
  }
  if (common == 0) {
    throw_bad_input(fmt::format(
        "{} and {} have no size of the same sweep in common: the first has {}; the second {}",
        a.source, b.source, names_of(a), names_of(b)));
  }
  return out;
}

}  // namespace sextant
