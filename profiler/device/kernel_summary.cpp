#include "profiler/device/kernel_summary.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

namespace sextant::profiler {

namespace {

constexpr double kSecondsPerNs = 1e-9;

/// Of one phase in one iteration.
using Pass = std::vector<const KernelRecord*>;

struct Occupation {
  double busy_s = 0;
  double gap_s = 0;
};

Occupation occupation_of(Pass pass) {
  std::sort(pass.begin(), pass.end(),
            [](const KernelRecord* a, const KernelRecord* b) { return a->start_ns < b->start_ns; });
  std::int64_t busy = 0;
  std::int64_t end = std::numeric_limits<std::int64_t>::min();
  for (const KernelRecord* record : pass) {
    busy += std::max<std::int64_t>(0, record->end_ns - std::max(end, record->start_ns));
    end = std::max(end, record->end_ns);
  }
  const std::int64_t span = end - pass.front()->start_ns;
  return {static_cast<double>(busy) * kSecondsPerNs,
          static_cast<double>(span - busy) * kSecondsPerNs};
}

/// 0 of no values; the mean of the middle two of an even number.
double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::vector<KernelProfile> kernels_of(const std::map<int, Pass>& passes, const std::string& phase) {
  struct PerPass {
    std::vector<double> calls;
    std::vector<double> total_s;
  };
  std::map<std::string, PerPass> by_name;
  std::size_t index = 0;
  for (const auto& [iteration, pass] : passes) {
    for (const KernelRecord* record : pass) {
      PerPass& kernel = by_name[record->name];
      kernel.calls.resize(passes.size());
      kernel.total_s.resize(passes.size());
      kernel.calls[index] += 1;
      kernel.total_s[index] +=
          static_cast<double>(record->end_ns - record->start_ns) * kSecondsPerNs;
    }
    ++index;
  }
  std::vector<KernelProfile> kernels;
  for (const auto& [name, kernel] : by_name) {
    const int calls = static_cast<int>(std::lround(median(kernel.calls)));
    if (calls > 0) kernels.push_back({name, phase, calls, median(kernel.total_s)});
  }
  std::stable_sort(
      kernels.begin(), kernels.end(),
      [](const KernelProfile& a, const KernelProfile& b) { return a.total_s > b.total_s; });
  return kernels;
}

KernelSummary summary_of(const std::map<int, Pass>& passes, const std::string& phase,
                         const PhaseReference& reference) {
  std::vector<double> busy;
  std::vector<double> gap;
  for (const auto& [iteration, pass] : passes) {
    const Occupation occupation = occupation_of(pass);
    busy.push_back(occupation.busy_s);
    gap.push_back(occupation.gap_s);
  }
  KernelSummary summary;
  summary.phase = phase;
  summary.busy_s = median(busy);
  summary.gap_s = median(gap);
  if (reference.measured_s > 0) {
    summary.roofline_fraction = reference.roofline_s / reference.measured_s;
  }
  return summary;
}

}  // namespace

KernelReport summarize_kernels(const std::vector<KernelRecord>& records,
                               const std::map<std::uint64_t, KernelPlace>& places,
                               const std::map<KernelPhase, PhaseReference>& references) {
  KernelReport report;
  std::map<KernelPhase, std::map<int, Pass>> phases;
  for (const KernelRecord& record : records) {
    const auto place = places.find(record.place_id);
    if (place == places.end()) {
      ++report.unplaced;
    } else if (record.start_ns <= 0 || record.end_ns < record.start_ns) {
      ++report.untimed;
    } else {
      phases[place->second.phase][place->second.iteration].push_back(&record);
    }
  }
  for (const char* phase : {"forward", "backward", "update"}) {
    for (const auto& [key, passes] : phases) {
      if (key.phase != phase) continue;
      const auto reference = references.find(key);
      LayerKernels& layer = report.layers[key.layer_kind];
      std::vector<KernelProfile> kernels = kernels_of(passes, key.phase);
      std::move(kernels.begin(), kernels.end(), std::back_inserter(layer.kernels));
      layer.summaries.push_back(summary_of(
          passes, key.phase, reference == references.end() ? PhaseReference{} : reference->second));
    }
  }
  return report;
}

}  // namespace sextant::profiler
