#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/topology/formats/workload_columns.h"
#include "analyzer/topology/formats/workload_files.h"

namespace sextant {

namespace {

constexpr std::size_t kWeightGradient = static_cast<std::size_t>(TrainingPhase::kWeightGradient);

class WorkloadWriter {
 public:
  explicit WorkloadWriter(const Workload& workload) : workload_(workload) {}

  std::string text() const {
    std::string out = fmt::format("{}\n{}\n", header(), workload_.layers.size());
    for (const WorkloadLayer& layer : workload_.layers) {
      check_name(layer);
      out += fmt::format("{}\t-1", layer.name);
      for (const LayerPhase& phase : layer.phases) {
        out += fmt::format("\t{:.0f}\t{}\t{:.0f}", phase.compute_s * kWorkloadTicksPerS,
                           communicates(phase) ? op_name(layer, *phase.op) : kNoCommunication,
                           communicates(phase) ? phase.bytes : 0.0);
      }
      out += "\t0\n";  // the update is no part of a workload
    }
    return out;
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    throw_bad_input(
        fmt::format("workload {} cannot be written as text: {}", quote(workload_.name), what));
  }

  const ParallelGroup& group_of(const LayerPhase& phase) const {
    return workload_.groups[phase.group];
  }
  bool communicates(const LayerPhase& phase) const {
    return phase.op && phase.bytes > 0 && group_of(phase).npus != 1;
  }

  void check_name(const WorkloadLayer& layer) const {
    if (layer.name.empty() || layer.name.find_first_of(" \t\r\n") != std::string::npos) {
      refuse(fmt::format("layer {} has a name with blanks or none", quote(layer.name)));
    }
  }

  std::string_view op_name(const WorkloadLayer& layer, CommunicationOp op) const {
    for (const WorkloadOp& known : kWorkloadOps) {
      if (known.op == op) return known.name;
    }
    refuse(fmt::format("layer {} has a {}, for which there is no word", quote(layer.name),
                       to_string(op)));
  }

  /// The one group that communicates in weight gradients, or in the two other phases; `fallback`
  /// where none does.
  std::size_t sole_group(bool weight_gradients, std::size_t fallback) const {
    std::optional<std::size_t> sole;
    for (const WorkloadLayer& layer : workload_.layers) {
      for (std::size_t p = 0; p < kTrainingPhases; ++p) {
        const LayerPhase& phase = layer.phases[p];
        if ((p == kWeightGradient) != weight_gradients || !communicates(phase)) continue;
        if (sole && *sole != phase.group) {
          refuse(fmt::format("{} communicate in the groups {} and {}, and it has a place for one",
                             weight_gradients ? "weight gradients" : "forward and input gradient",
                             quote(workload_.groups[*sole].name), quote(group_of(phase).name)));
        }
        sole = phase.group;
      }
    }
    return sole.value_or(fallback);
  }

  std::string header() const {
    const std::size_t data = sole_group(true, kDataGroup);
    const std::size_t model = sole_group(false, data == kModelGroup ? kDataGroup : kModelGroup);
    if (model == data) {
      refuse(fmt::format("group {} communicates in all phases, and it has two groups",
                         quote(workload_.groups[model].name)));
    }
    for (std::size_t g = 0; g < workload_.groups.size(); ++g) {
      if (g == model || g == data || workload_.groups[g].npus == 1) continue;
      refuse(fmt::format("it has a place for groups {} and {}, none for {}",
                         quote(workload_.groups[model].name), quote(workload_.groups[data].name),
                         quote(workload_.groups[g].name)));
    }
    const int npus = model < workload_.groups.size() ? workload_.groups[model].npus : 1;
    if (npus < 1) {
      refuse(fmt::format("group {} does not say how many NPUs it has",
                         quote(workload_.groups[model].name)));
    }
    std::string text = fmt::format("{} {}", kModelGroupOption, npus);
    if (workload_.checkpoints.empty()) return fmt::format("{}\t{}", kHybridLoop, text);
    std::vector<int> checkpoints = workload_.checkpoints;
    std::sort(checkpoints.begin(), checkpoints.end());
    return fmt::format("{}\t{} {} {} {} {} {} {}", kRecomputingLoop, text, kCheckpointsOption,
                       checkpoints.size(), fmt::join(checkpoints, " "), kInitiatesOption,
                       workload_.checkpoint_initiates.size(),
                       fmt::join(workload_.checkpoint_initiates, " "));
  }

  const Workload& workload_;
};

}  // namespace

std::string write_workload_text(const Workload& workload) {
  return WorkloadWriter(workload).text();
}

}  // namespace sextant
