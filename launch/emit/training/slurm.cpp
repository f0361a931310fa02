// Target slurm: one batch job that starts run_plan with srun. Runs of nodes that are alike are
// components of a heterogeneous job (https://slurm.schedmd.com/heterogeneous_jobs.html).
#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "launch/emit/training/job_readme.h"
#include "launch/emit/training/node_layout.h"
#include "launch/emit/training/run_plan_files.h"

namespace sextant {

namespace {

/// Neighbouring nodes with equally many ranks on GPUs of one type in one zone.
struct Component {
  std::string gpu;
  std::string zone;
  int first_rank = 0;
  int nodes = 0;
  int ranks_per_node = 0;
};

std::vector<Component> components_of(const LaunchJob& job) {
  std::vector<Component> out;
  for (const LaunchNode& node : job.nodes) {
    if (out.empty() || out.back().gpu != node.gpu || out.back().zone != node.zone ||
        out.back().ranks_per_node != node.ranks) {
      out.push_back({node.gpu, node.zone, node.first_rank, 0, node.ranks});
    }
    ++out.back().nodes;
  }
  return out;
}

/// What is said of "GPU@ZONE", else of "GPU", else `otherwise`.
std::string said_of(const std::map<std::string, std::string>& by_gpu, const Component& component,
                    std::string otherwise) {
  for (const std::string& key : {component.gpu + "@" + component.zone, component.gpu}) {
    const auto found = by_gpu.find(key);
    if (found != by_gpu.end()) return found->second;
  }
  return otherwise;
}

/// The options of a component, a comment of sbatch each.
std::string directives(const Component& component, const LaunchOptions& options) {
  std::string text;
  const auto add = [&](std::string_view option, const std::string& value) {
    if (!value.empty()) text += fmt::format("#SBATCH --{}={}\n", option, value);
  };
  add("account", options.account);
  add("partition", options.partition);
  add("time", options.time_limit);
  add("constraint", said_of(options.constraints, component, ""));
  add("nodes", std::to_string(component.nodes));
  add("ntasks-per-node", std::to_string(component.ranks_per_node));
  add("gres",
      fmt::format("{}:{}", said_of(options.gres, component, "gpu"), component.ranks_per_node));
  return text;
}

std::string job_script(const LaunchJob& job, const std::vector<Component>& components,
                       const LaunchOptions& options) {
  std::vector<int> first;
  std::vector<int> nodes;
  std::vector<int> ranks;
  std::vector<int> memory;
  std::vector<std::string> types;
  std::string text =
      "#!/usr/bin/env bash\n"
      "#SBATCH --job-name=sextant\n"
      "#SBATCH --output=slurm-%j.out\n";
  for (const Component& component : components) {
    if (!first.empty()) text += "#SBATCH hetjob\n";
    text += directives(component, options);
    first.push_back(component.first_rank);
    nodes.push_back(component.nodes);
    ranks.push_back(component.ranks_per_node);
    types.push_back(component.gpu);
    memory.push_back(static_cast<int>(expected_memory_mib(component.gpu)));
  }
  text +=
      R"sh(# Checks every node, then runs the plan; arguments are handed on to run_plan. With --check-only
# as the first one, only checks.
set -euo pipefail
cd "${SLURM_SUBMIT_DIR:?is set by sbatch: submit this with start.sh}"
# shellcheck disable=SC1091 # made beside this script
source ./environment.sh
# By component: its first rank, nodes, ranks on each, and the GPUs with their memory in MiB.
)sh";
  text += fmt::format(
      "first={} nodes={} ranks={} memory={}\n"
      "# shellcheck disable=SC2016 # names are data\n"
      "types={}\nworld={}\n",
      bash_array(first), bash_array(nodes), bash_array(ranks), bash_array(memory),
      bash_array(types), gpu_count(job.plan));
  text += R"sh(
# Rank 0 is on the first node. Its address is the one that Slurm itself uses: names of nodes need not be
# names of hosts.
mapfile -t hosts < <(scontrol show hostnames "${SLURM_JOB_NODELIST_HET_GROUP_0:-$SLURM_JOB_NODELIST}")
address=$(scontrol show node -o "${hosts[0]}" | sed -n 's/.* NodeAddr=\([^ ]*\) .*/\1/p')
export MASTER_ADDR=${address:-${hosts[0]}}
)sh";
  // Jobs that share a node meet at different ports.
  text += fmt::format("export MASTER_PORT=$(({} + SLURM_JOB_ID % 500))\n", options.master_port);
  text += R"sh(
step=()
if [ -n "${SLURM_CPUS_PER_TASK:-}" ]; then step+=("--cpus-per-task=$SLURM_CPUS_PER_TASK"); fi
case $SEXTANT_CONTAINER in
  '' | *.sif) ;;
  *) step+=("--container-image=$SEXTANT_CONTAINER" "--container-mounts=$PWD:$PWD" "--container-workdir=$PWD") ;;
esac
program=${SEXTANT_BIN:+$SEXTANT_BIN/}run_plan

# begin COMPONENT: adds the options that every component of a step has to `command`.
begin() {
  if [ "$1" -gt 0 ]; then command+=(:); fi
  if [ ${#first[@]} -gt 1 ]; then command+=("--het-group=$1"); fi
  command+=("${step[@]}" "--nodes=${nodes[$1]}" --distribution=block)
}

command=(srun)
for i in "${!first[@]}"; do
  begin "$i"
  command+=("--ntasks=${nodes[i]}" --ntasks-per-node=1 "$PWD/check_node.sh" "${ranks[i]}" "${types[i]}"
    "${memory[i]}" "$program")
done
"${command[@]}"
if [ "${1-}" = --check-only ]; then exit; fi

mkdir -p measured
command=(srun)
for i in "${!first[@]}"; do
  begin "$i"
  # Ranks that are left say who is missing.
  command+=("--ntasks=$((nodes[i] * ranks[i]))" "--ntasks-per-node=${ranks[i]}" --kill-on-bad-exit=0
    "$PWD/rank.sh" "${first[i]}" "$world" "$program" --plan plan.json --job job.json --output measured/
    --device "$SEXTANT_DEVICE" --iterations "$SEXTANT_ITERATIONS" "$@")
done
exec "${command[@]}"
)sh";
  return text;
}

constexpr std::string_view kRank = R"sh(#!/usr/bin/env bash
# A task of srun becomes a rank of the plan: rank.sh FIRST_RANK_OF_COMPONENT WORLD PROGRAM ARGUMENT…
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck disable=SC1091 # made beside this script
source ./environment.sh
first=$1 world=$2
shift 2
# Slurm numbers the tasks of a step over all its components; where it numbers them in each, the count of
# tasks is that of the component.
rank=$SLURM_PROCID
if [ "${SLURM_STEP_NUM_TASKS:-$SLURM_NTASKS}" -ne "$world" ]; then rank=$((first + rank)); fi
export RANK=$rank WORLD_SIZE=$world LOCAL_RANK=$SLURM_LOCALID
inside=()
case $SEXTANT_CONTAINER in
  *.sif) inside=(apptainer exec --nv --bind "$PWD" "$SEXTANT_CONTAINER") ;;
esac
exec "${inside[@]}" "$@"
)sh";

constexpr std::string_view kStart = R"sh(#!/usr/bin/env bash
# Submits the job; arguments are handed on to run_plan.
set -euo pipefail
cd "$(dirname "$0")"
exec sbatch job.sbatch "$@"
)sh";

constexpr std::string_view kCheck = R"sh(#!/usr/bin/env bash
# Whether Slurm would take the job; with --on-nodes also whether its nodes can run their parts, for which
# they are allocated and the output is waited for. Exit code 3 where not.
set -euo pipefail
cd "$(dirname "$0")"
for program in sbatch scontrol srun; do
  command -v $program > /dev/null || { echo "check.sh: no $program here" >&2; exit 3; }
done
sbatch --test-only job.sbatch || exit 3
if [ "${1-}" = --on-nodes ]; then
  sbatch --wait job.sbatch --check-only || { echo "check.sh: see the last slurm-*.out" >&2; exit 3; }
fi
)sh";

class Slurm : public LaunchTarget {
 public:
  std::string_view name() const override { return "slurm"; }
  std::string_view description() const override {
    return "run_plan, as a (heterogeneous) Slurm job";
  }
  std::string_view written_for() const override {
    return "run_plan under Slurm 20.02 or later, https://slurm.schedmd.com/heterogeneous_jobs.html";
  }
  std::vector<std::string> obstacles(const LaunchJob& job) const override {
    return run_plan_obstacles(job);
  }
  void put(const LaunchJob& job, const LaunchOptions& options, JobFolder& folder) const override;
};

/// What Slurm is not told, and so may do differently.
void add_notes(const LaunchJob& job, const std::vector<Component>& components,
               const LaunchOptions& options, JobFolder& folder) {
  const bool mixed = std::any_of(components.begin(), components.end(), [&](const Component& other) {
    return other.gpu != components[0].gpu || other.zone != components[0].zone;
  });
  const bool told = std::all_of(components.begin(), components.end(), [&](const Component& c) {
    return !said_of(options.constraints, c, "").empty() || !said_of(options.gres, c, "").empty();
  });
  if (mixed && !told) {
    folder.notes.push_back(
        "GPU types or zones differ, and nothing tells Slurm which nodes have which: say it with "
        "--constraint or --gres GPU=…, or GPU@ZONE=…, or in job.sbatch");
  }
  for (std::size_t i = 0; i < job.nodes.size(); ++i) {
    if (first_gpu(job.nodes, i) == 0) continue;
    folder.notes.push_back(
        "ranks that are no neighbours are in different components, which Slurm need not put on the "
        "machine that the plan has for both");
    break;
  }
}

void Slurm::put(const LaunchJob& job, const LaunchOptions& options, JobFolder& folder) const {
  if (!options.hosts.empty()) {
    throw_usage("--host: Slurm chooses the machines; say which with --constraint or --gres");
  }
  const std::vector<Component> components = components_of(job);
  put_run_plan_files(job, options, folder);
  folder.files["job.sbatch"] = job_script(job, components, options);
  folder.files["rank.sh"] = kRank;
  folder.files["start.sh"] = kStart;
  folder.files["check.sh"] = kCheck;
  add_notes(job, components, options, folder);
  put_readme(
      job, *this,
      {"On a machine that submits, with the folder where all nodes see it:\n\n"
       "```sh\n./check.sh\n./start.sh\n```\n\n"
       "The job checks every node before it runs the plan; `./check.sh --on-nodes` does only "
       "that.\nOptions of `sbatch` stand in `job.sbatch`, once for each component.\n\n" +
           run_plan_start_notes(),
       run_plan_compare_notes(job),
       {{"job.sbatch", "the job; a component for each run of nodes that are alike"},
        {"check.sh", "whether Slurm takes the job, and the nodes are ready (check_node.sh)"},
        {"start.sh", "submits it (rank.sh makes a task a rank)"},
        {"compare.sh", "predicted beside measured"},
        {"environment.sh", "what is different at each site"}}},
      folder);
}

}  // namespace

const LaunchTarget& slurm_target() {
  static const Slurm target;
  return target;
}

}  // namespace sextant
