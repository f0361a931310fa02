#include "cli/doctor_checks.h"

#include <algorithm>
#include <iterator>
#include <unistd.h>

#include "cli/doctor_parts.h"

namespace sextant::cli {

namespace {

Task judge(std::string name, const std::vector<std::string>& needs,
           const std::vector<Check>& checks) {
  Task task{std::move(name), Presence::kPresent, {}};
  for (const Check& check : checks) {
    if (std::find(needs.begin(), needs.end(), check.name) == needs.end()) continue;
    if (check.presence == Presence::kPresent) continue;
    task.lacks.push_back(check.name);
    if (task.ready != Presence::kMissing) task.ready = check.presence;
  }
  return task;
}

template <typename Entry>
void add(std::vector<Entry>& entries, std::vector<Entry> more) {
  std::move(more.begin(), more.end(), std::back_inserter(entries));
}

}  // namespace

std::string_view to_string(Presence presence) {
  switch (presence) {
    case Presence::kPresent:
      return "present";
    case Presence::kMissing:
      return "missing";
    case Presence::kUnknown:
      return "unknown";
  }
  return "unknown";
}

Diagnosis examine_machine() {
  const profiler::NvidiaDriver driver = profiler::ask_nvidia_driver();
  Diagnosis diagnosis;
  std::vector<Check>& checks = diagnosis.checks;
  add(checks, machine_checks());
  add(checks, solver_checks());
  add(checks, device_checks(driver));
  add(checks, cluster_checks());

  diagnosis.tasks = {
      judge("plan, simulate and reproduce", {"data"}, checks),
      judge("fit networks (sextant network fit)", {"ceres"}, checks),
      judge("place replicas with the MILP (sextant serve place)", {"highs"}, checks),
      judge("plan with flashflex", {"metis"}, checks),
      judge("write plots as PNG (SVG needs nothing)", {"rsvg-convert"}, checks),
      judge("build the analyzer and planners", {"c++", "cmake", "ninja", "nlopt"}, checks),
      judge("measure models on the CPU", {"libtorch", "ranks"}, checks),
      judge("measure networks between CPUs", {"libtorch", "nccl_bench"}, checks),
      judge("run plans on the CPU", {"libtorch", "run_plan"}, checks),
      judge("build programs for GPUs", {"cuda", "nccl", "cupti", "libtorch"}, checks),
      judge("measure models on GPUs", {"driver", "gpu", "ranks"}, checks),
      judge("measure the kernels of GPUs (--kernels)", {"driver", "gpu", "ranks", "counters"},
            checks),
      judge("measure networks between GPUs", {"driver", "gpu", "nccl_bench"}, checks),
      judge("run plans on GPUs", {"driver", "gpu", "run_plan"}, checks),
      judge("submit jobs to Slurm", {"sbatch", "slurm"}, checks),
  };

  add(diagnosis.conditions, load_conditions());
  add(diagnosis.conditions, processor_conditions());
  add(diagnosis.conditions, gpu_conditions(driver, static_cast<unsigned>(::getpid())));
  return diagnosis;
}

}  // namespace sextant::cli
