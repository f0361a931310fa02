// Target torchrun: an agent on every machine starts the ranks of run_plan there. Nodes have their
// ranks in the order of their numbers only with the static rendezvous
// (https://docs.pytorch.org/docs/stable/elastic/run.html: --rdzv-backend static, --node-rank).
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "launch/emit/shell_word.h"
#include "launch/emit/training/job_readme.h"
#include "launch/emit/training/node_layout.h"
#include "launch/emit/training/run_plan_files.h"

namespace sextant {

namespace {

/// The machines, each once, in the order of their first rank, and which of them a node is on.
struct Machines {
  std::vector<std::string> names;
  std::vector<std::string> types;
  std::vector<int> gpus;     ///< that the job uses
  std::vector<int> of_node;  ///< by node: index of its machine
};

Machines machines_of(const LaunchJob& job) {
  Machines out;
  for (const LaunchNode& node : job.nodes) {
    const std::string name = machine_name(node);
    std::size_t index = 0;
    while (index < out.names.size() && out.names[index] != name) ++index;
    if (index == out.names.size()) {
      out.names.push_back(name);
      out.types.push_back(node.gpu);
      out.gpus.push_back(0);
    }
    out.gpus[index] += node.ranks;
    out.of_node.push_back(static_cast<int>(index));
  }
  return out;
}

std::string hosts_file(const Machines& machines, const LaunchOptions& options) {
  std::string text =
      "# A line for each machine, in this order: its host name or address, then which it is in the "
      "plan.\n# \"?\" is to be filled in. The first machine has rank 0, where all meet.\n";
  for (const std::string& name : machines.names) {
    const auto host = options.hosts.find(name);
    text += fmt::format("{} {}\n", host == options.hosts.end() ? "?" : host->second, name);
  }
  return text;
}

/// Sets `hosts`; for every script that needs addresses.
constexpr std::string_view kReadHosts = R"sh(
hosts=()
while read -r address machine; do
  case $address in
    '' | '#'*) continue ;;
    '?') echo "hosts.txt: no host name of $machine" >&2; exit 3 ;;
    -*) echo "hosts.txt: '$address' is no host name" >&2; exit 3 ;;
  esac
  hosts+=("$address")
done < hosts.txt
if [ ${#hosts[@]} -ne $machines ]; then
  echo "hosts.txt: expected $machines machines, found ${#hosts[@]}" >&2
  exit 3
fi
)sh";

constexpr std::string_view kBegin = R"sh(set -euo pipefail
cd "$(dirname "$0")"
# shellcheck disable=SC1091 # made beside this script
source ./environment.sh
)sh";

/// Which GPUs a node's ranks use: nothing where its machine is its own, so that sites which number
/// them themselves are left alone.
std::vector<std::string> visible_gpus(const LaunchJob& job, const Machines& machines) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < job.nodes.size(); ++i) {
    const auto machine = static_cast<std::size_t>(machines.of_node[i]);
    std::vector<int> gpus;
    if (machines.gpus[machine] != job.nodes[i].ranks) {
      const int first = first_gpu(job.nodes, i);
      for (int g = first; g < first + job.nodes[i].ranks; ++g) gpus.push_back(g);
    }
    out.push_back(fmt::format("{}", fmt::join(gpus, ",")));
  }
  return out;
}

std::string node_script(const LaunchJob& job, const Machines& machines,
                        const LaunchOptions& options) {
  std::vector<int> ranks;
  for (const LaunchNode& node : job.nodes) ranks.push_back(node.ranks);
  std::string text =
      "#!/usr/bin/env bash\n"
      "# Starts the ranks of one node, on its machine: node.sh NODE [ARGUMENT OF run_plan…]\n"
      "# Nodes are those of README.md; each needs to be started once, in any order.\n";
  text += kBegin;
  text += fmt::format("machines={}\nranks={}\n", machines.names.size(), bash_array(ranks));
  const std::vector<std::string> visible = visible_gpus(job, machines);
  bool shared = false;
  for (const std::string& gpus : visible) shared = shared || !gpus.empty();
  if (shared) {
    text += fmt::format("# Of machines that are several nodes, the GPUs of each.\nvisible={}\n",
                        bash_array(visible));
  }
  text += R"sh(node=${1-}
if ! [[ $node =~ ^(0|[1-9][0-9]{0,5})$ ]] || [ "$node" -ge ${#ranks[@]} ]; then
  echo "usage: node.sh NODE [ARGUMENT OF run_plan…], with NODE from 0 to $((${#ranks[@]} - 1))" >&2
  exit 2
fi
shift
)sh";
  text += kReadHosts;
  if (shared) {
    text += R"sh(
if [ "$SEXTANT_DEVICE" != cpu ] && [ -n "${visible[node]}" ]; then
  export CUDA_VISIBLE_DEVICES=${visible[node]}
fi
)sh";
  }
  text += R"sh(
inside=()
case $SEXTANT_CONTAINER in
  '') ;;
  *.sif) inside=(apptainer exec --nv --bind "$PWD" "$SEXTANT_CONTAINER") ;;
  *) echo "environment.sh: torchrun is started in Apptainer images (*.sif) only" >&2; exit 3 ;;
esac
)sh";
  text += fmt::format(
      "mkdir -p measured\n"
      "exec \"${{inside[@]}}\" torchrun --nnodes ${{#ranks[@]}} --node-rank \"$node\" \\\n"
      "  --nproc-per-node \"${{ranks[node]}}\" --rdzv-backend static \\\n"
      "  --master-addr \"${{hosts[0]}}\" --master-port {} --no-python \\\n"
      "  \"${{SEXTANT_BIN:+$SEXTANT_BIN/}}run_plan\" --plan plan.json --job job.json --output "
      "measured/ \\\n"
      "  --device \"$SEXTANT_DEVICE\" --iterations \"$SEXTANT_ITERATIONS\" \"$@\"\n",
      options.master_port);
  return text;
}

std::string start_script(const Machines& machines) {
  std::string text =
      "#!/usr/bin/env bash\n"
      "# Starts every node through ssh, with its output in logs/; Ctrl-C ends all of them. "
      "Arguments "
      "are\n# handed on to run_plan.\n";
  text += kBegin;
  text += fmt::format("machines={}\n# By node: which line of hosts.txt it is on.\nmachine_of={}\n",
                      machines.names.size(), bash_array(machines.of_node));
  text += kReadHosts;
  text += "\n";
  text += shell_word_function();
  text += R"sh(
mkdir -p logs
words=$(word "$PWD/node.sh")
arguments=
for argument in "$@"; do arguments+=$(word "$argument"); done
agents=()
trap 'kill $(jobs -p) 2> /dev/null || true' EXIT
for node in "${!machine_of[@]}"; do
  # A terminal (-tt), so that what runs there ends with ssh.
  ssh -tt -o BatchMode=yes -- "${hosts[machine_of[node]]}" "bash$words $node$arguments" \
    < /dev/null > "logs/node_$node.log" 2>&1 &
  agents+=($!)
done
status=0
for node in "${!agents[@]}"; do
  wait "${agents[node]}" || {
    code=$?
    echo "start.sh: node $node ended with exit code $code (logs/node_$node.log)" >&2
    if [ $status -eq 0 ]; then status=$code; fi
  }
done
exit $status
)sh";
  return text;
}

std::string check_script(const Machines& machines) {
  std::vector<int> memory;
  for (const std::string& type : machines.types) {
    memory.push_back(static_cast<int>(expected_memory_mib(type)));
  }
  std::string text =
      "#!/usr/bin/env bash\n"
      "# Whether every machine can be reached and can run its part. Exit code 3 where one "
      "cannot.\n";
  text += kBegin;
  text +=
      fmt::format("machines={}\n# By machine: its GPUs in the job, their type and memory in MiB.\n",
                  machines.names.size());
  text +=
      fmt::format("gpus={}\n# shellcheck disable=SC2016 # names are data\ntypes={}\nmemory={}\n",
                  bash_array(machines.gpus), bash_array(machines.types), bash_array(memory));
  text += kReadHosts;
  text += "\n";
  text += shell_word_function();
  text += R"sh(
checks=()
for machine in "${!hosts[@]}"; do
  words=
  for argument in "$PWD/check_node.sh" "${gpus[machine]}" "${types[machine]}" "${memory[machine]}" \
    torchrun "${SEXTANT_BIN:+$SEXTANT_BIN/}run_plan"; do
    words+=$(word "$argument")
  done
  ssh -o BatchMode=yes -o ConnectTimeout=20 -- "${hosts[machine]}" "bash$words" < /dev/null &
  checks+=($!)
done
failures=0
for machine in "${!checks[@]}"; do
  wait "${checks[machine]}" || {
    echo "check.sh: ${hosts[machine]} cannot be reached or cannot run its part" >&2
    failures=$((failures + 1))
  }
done
if [ $failures -gt 0 ]; then exit 3; fi
)sh";
  return text;
}

class Torchrun : public LaunchTarget {
 public:
  std::string_view name() const override { return "torchrun"; }
  std::string_view description() const override {
    return "run_plan, started by torchrun on every machine";
  }
  std::string_view written_for() const override {
    return "run_plan under torchrun of PyTorch 2, "
           "https://docs.pytorch.org/docs/stable/elastic/run.html";
  }
  std::vector<std::string> obstacles(const LaunchJob& job) const override {
    return run_plan_obstacles(job);
  }
  void put(const LaunchJob& job, const LaunchOptions& options, JobFolder& folder) const override;
};

void Torchrun::put(const LaunchJob& job, const LaunchOptions& options, JobFolder& folder) const {
  if (!options.container.empty() && !options.container.ends_with(".sif")) {
    throw_usage(fmt::format("--container {}: torchrun is started in Apptainer images (*.sif) only",
                            quote(options.container)));
  }
  const Machines machines = machines_of(job);
  put_run_plan_files(job, options, folder);
  folder.files["hosts.txt"] = hosts_file(machines, options);
  folder.files["node.sh"] = node_script(job, machines, options);
  folder.files["start.sh"] = start_script(machines);
  folder.files["check.sh"] = check_script(machines);
  std::size_t unknown = 0;
  for (const std::string& name : machines.names) unknown += options.hosts.contains(name) ? 0 : 1;
  if (unknown > 0) {
    folder.notes.push_back(fmt::format("hosts.txt: {} of {} machines have no host name yet",
                                       unknown, machines.names.size()));
  }
  if (machines.names.size() < job.nodes.size()) {
    folder.notes.push_back(
        "machines whose ranks are not neighbours are several nodes, each with its own agent and "
        "GPUs");
  }
  put_readme(
      job, *this,
      {"Fill in `hosts.txt`, then, from any machine that reaches the others by ssh:\n\n"
       "```sh\n./check.sh\n./start.sh\n```\n\n"
       "Or start each node on its machine, in any order: `./node.sh 0`, `./node.sh 1`, …\n\n" +
           run_plan_start_notes(),
       run_plan_compare_notes(job),
       {{"hosts.txt", "host names of the machines"},
        {"check.sh", "whether all machines are ready (check_node.sh, on each)"},
        {"start.sh", "starts all nodes through ssh (node.sh, on each)"},
        {"compare.sh", "predicted beside measured"},
        {"environment.sh", "what is different at each site"}}},
      folder);
}

}  // namespace

const LaunchTarget& torchrun_target() {
  static const Torchrun target;
  return target;
}

}  // namespace sextant
