#include "analyzer/profile/profile_check.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"

namespace sextant {

namespace {

using Severity = Finding::Severity;

double bytes_per_element(const std::string& dtype) {
  if (dtype == "fp8") return 1;
  return dtype == "fp16" || dtype == "bf16" ? 2 : 4;
}

/// Tokens of the point's microbatch. Where the source does not say how long sequences are, they
/// follow from the output's size and a width h for which the block has 12 h^2 parameters.
double tokens_of(const ProfileKey& key, const LayerKindProfile& block) {
  if (key.seq_len > 0) return static_cast<double>(key.seq_len) * key.microbatch;
  const double element = bytes_per_element(key.dtype);
  const double width = std::sqrt(block.parameter_bytes / element * key.tp / 12);
  return width > 0 ? block.output_bytes / element / width : 0;
}

void check_speed(const PointDocument& point, const LayerKindProfile& block, double peak_flops,
                 std::vector<Finding>& findings) {
  // Slower than any GPU of use, in a pass too long to be launch overhead.
  constexpr double kSlowest = 5e10;
  constexpr double kMicrosecondsLookLike = 5e7;
  constexpr double kLongPassSeconds = 0.05;
  const double parameters = block.parameter_bytes / bytes_per_element(point.key.dtype);
  const double flops = 2 * parameters * tokens_of(point.key, block) / block.forward.median_s;
  const auto add = [&](const std::string& text) {
    findings.push_back(
        {Severity::kError, point.key.text(),
         fmt::format("forward of {} takes {}, that is {:.3g} FLOP/s per GPU: {}", quote(block.kind),
                     format_seconds(block.forward.median_s), flops, text)});
  };
  if (flops > peak_flops) {
    add(fmt::format("more than {:.3g}; expected times in seconds", peak_flops));
  } else if (point.evidence != Evidence::kMeasuredCpu && flops > 0 && flops < kSlowest &&
             block.forward.median_s > kLongPassSeconds) {
    add(fmt::format("looks like {} where seconds are expected",
                    flops < kMicrosecondsLookLike ? "microseconds" : "milliseconds"));
  }
}

/// Provenance that two points of one variant should share.
void check_provenance(const ProfileDatabase& database, std::vector<Finding>& findings) {
  std::map<std::string, std::map<std::string, std::set<std::string>>> values;
  for (const auto& [key, entry] : database.points) {
    for (const char* name : {"gpu_name", "driver", "cuda", "nccl", "libtorch", "sm_clock_mhz",
                             "power_cap_w", "git_revision"}) {
      const auto found = entry.point.provenance.find(name);
      if (found != entry.point.provenance.end()) values[key.variant][name].insert(found->second);
    }
  }
  for (const auto& [variant, by_name] : values) {
    for (const auto& [name, different] : by_name) {
      if (different.size() < 2) continue;
      std::vector<std::string> quoted;
      for (const std::string& value : different) quoted.push_back(quote(value));
      findings.push_back({Severity::kWarning, variant,
                          fmt::format("points were measured with different {}: {}", name,
                                      fmt::join(quoted, ", "))});
    }
  }
}

void check_monotone(const ProfileDatabase& database, std::vector<Finding>& findings) {
  constexpr double kNoise = 0.98;
  const PointDocument* before = nullptr;  // keys sort by variant, length, tp, microbatch
  for (const auto& [key, entry] : database.points) {
    const PointDocument& point = entry.point;
    if (point.status != PointStatus::kOk) continue;
    const bool same_row = before != nullptr && before->key.variant == key.variant &&
                          before->key.seq_len == key.seq_len && before->key.tp == key.tp;
    if (same_row && point.total_s() < kNoise * before->total_s()) {
      findings.push_back(
          {Severity::kWarning, key.text(),
           fmt::format("takes {}, less than microbatch {} with {}", format_seconds(point.total_s()),
                       before->key.microbatch, format_seconds(before->total_s()))});
    }
    before = &point;
  }
}

}  // namespace

std::vector<Finding> check_point(const PointDocument& point, double peak_flops) {
  std::vector<Finding> findings;
  double update_s = 0;
  for (const LayerKindProfile& kind : point.kinds) {
    update_s += kind.update.median_s;
    // What a mixture of experts or an embedding computes does not follow from its parameters.
    if (!kind.kind.starts_with("block")) continue;
    if (point.status == PointStatus::kOk && kind.parameter_bytes == 0) {
      findings.push_back({Severity::kError, point.key.text(),
                          fmt::format("{} has no parameters: its memory would be predicted as 0",
                                      quote(kind.kind))});
    }
    check_speed(point, kind, peak_flops, findings);
    const double ratio = kind.backward.median_s / kind.forward.median_s;
    if (ratio < 0.5 || ratio > 6) {
      findings.push_back({Severity::kWarning, point.key.text(),
                          fmt::format("backward of {} takes {:.3g} times its forward; 2 is usual",
                                      quote(kind.kind), ratio)});
    }
    const double deviation = std::max(kind.forward.rel_stdev, kind.backward.rel_stdev);
    if (deviation > 0.1) {
      findings.push_back(
          {Severity::kWarning, point.key.text(),
           fmt::format("times of {} deviate by {:.0f} %", quote(kind.kind), 100 * deviation)});
    }
  }
  if (point.status == PointStatus::kOk && update_s == 0) {
    findings.push_back(
        {Severity::kWarning, point.key.text(), "the optimizer step is 0: it was not measured"});
  }
  return findings;
}

std::vector<Finding> check_database(const ProfileDatabase& database, double peak_flops) {
  std::vector<Finding> findings;
  for (const auto& [key, entry] : database.points) {
    const std::vector<Finding> of_point = check_point(entry.point, peak_flops);
    findings.insert(findings.end(), of_point.begin(), of_point.end());
  }
  for (const PointDocument* point : database.failures()) {
    findings.push_back({Severity::kWarning, point->key.text(),
                        fmt::format("{}: {}", to_string(point->status), quote(point->reason))});
  }
  for (const ProfileKey& key : database.gaps()) {
    findings.push_back({Severity::kWarning, key.text(), "not measured: a gap in the grid"});
  }
  check_monotone(database, findings);
  check_provenance(database, findings);
  // What is wrong stands before what is odd.
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
  return findings;
}

}  // namespace sextant
