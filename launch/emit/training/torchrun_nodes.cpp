#include "launch/emit/training/torchrun_nodes.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "launch/emit/shell_word.h"
#include "launch/emit/training/node_layout.h"
#include "launch/emit/training/run_plan_files.h"

namespace sextant {

namespace {

bool is_host(const std::string& host) {
  return !host.empty() && host.front() != '-' && host.front() != '#' && host != "?" &&
         std::all_of(host.begin(), host.end(), [](char c) { return c > ' ' && c != '\x7f'; });
}

/// A name as quote() has it, without its quotes.
std::string in_one_line(const std::string& name) {
  const std::string quoted = quote(name);
  return quoted.substr(1, quoted.size() - 2);
}

std::string hosts_file(const JobMachines& machines, const LaunchOptions& options) {
  std::string text =
      "# A line for each machine, in this order: its host name or address, then which it is in the "
      "plan.\n# \"?\" is to be filled in. The first machine has rank 0, where all meet.\n";
  for (const std::string& name : machines.names) {
    const auto host = options.hosts.find(name);
    text +=
        fmt::format("{} {}\n", host == options.hosts.end() ? "?" : host->second, in_one_line(name));
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
std::vector<std::string> visible_gpus(const LaunchJob& job, const JobMachines& machines) {
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

std::string node_script(const LaunchJob& job, const JobMachines& machines,
                        const LaunchOptions& options, const TorchrunProgram& program) {
  std::vector<int> ranks;
  for (const LaunchNode& node : job.nodes) ranks.push_back(node.ranks);
  std::string text = fmt::format(
      "#!/usr/bin/env bash\n"
      "# Starts the ranks of one node, on its machine: node.sh NODE [ARGUMENT OF {}…]\n"
      "# Nodes are those of README.md; each needs to be started once, in any order.\n",
      program.name);
  text += kBegin;
  text += fmt::format("machines={}\nranks={}\n", machines.names.size(), bash_array(ranks));
  const std::vector<std::string> visible = visible_gpus(job, machines);
  bool shared = false;
  for (const std::string& gpus : visible) shared = shared || !gpus.empty();
  if (shared) {
    text += fmt::format("# Of machines that are several nodes, the GPUs of each.\nvisible={}\n",
                        bash_array(visible));
  }
  text += fmt::format(R"sh(node=${{1-}}
if ! [[ $node =~ ^(0|[1-9][0-9]{{0,5}})$ ]] || [ "$node" -ge ${{#ranks[@]}} ]; then
  echo "usage: node.sh NODE [ARGUMENT OF {}…], with NODE from 0 to $((${{#ranks[@]}} - 1))" >&2
  exit 2
fi
shift
)sh",
                      program.name);
  text += kReadHosts;
  if (shared) {
    text += R"sh(
if [ "${SEXTANT_DEVICE:-cuda}" != cpu ] && [ -n "${visible[node]}" ]; then
  export CUDA_VISIBLE_DEVICES=${visible[node]}
fi
)sh";
  }
  text += program.prepare;
  return text + fmt::format(
                    "exec {}torchrun --nnodes ${{#ranks[@]}} --node-rank \"$node\" \\\n"
                    "  --nproc-per-node \"${{ranks[node]}}\" --rdzv-backend static \\\n"
                    "  --master-addr \"${{hosts[0]}}\" --master-port {}{} \\\n"
                    "  {} \"$@\"\n",
                    program.before, options.master_port, program.options, program.command);
}

std::string start_script(const JobMachines& machines, const TorchrunProgram& program) {
  std::string text = fmt::format(
      "#!/usr/bin/env bash\n"
      "# Starts every node through ssh, with its output in logs/; Ctrl-C ends all of them. "
      "Arguments "
      "are\n# handed on to {}.\n",
      program.name);
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

}  // namespace

JobMachines machines_of(const LaunchJob& job) {
  JobMachines out;
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

std::vector<std::string> node_hosts(const LaunchJob& job, const LaunchOptions& options) {
  std::vector<std::string> hosts;
  for (const LaunchNode& node : job.nodes) {
    const auto found = options.hosts.find(machine_name(node));
    if (found != options.hosts.end() && !is_host(found->second)) {
      throw_bad_input(fmt::format("expected a host name or address of {}, found {}",
                                  quote(machine_name(node)), quote(found->second)));
    }
    hosts.push_back(found == options.hosts.end() ? "" : found->second);
  }
  return hosts;
}

std::string_view begin_script() {
  return kBegin;
}

std::string_view read_hosts() {
  return kReadHosts;
}

void put_torchrun_nodes(const LaunchJob& job, const LaunchOptions& options,
                        const TorchrunProgram& program, JobFolder& folder) {
  node_hosts(job, options);  // that all of them are hosts
  const JobMachines machines = machines_of(job);
  folder.files["hosts.txt"] = hosts_file(machines, options);
  folder.files["node.sh"] = node_script(job, machines, options, program);
  folder.files["start.sh"] = start_script(machines, program);
  std::size_t unknown = 0;
  for (const std::string& name : machines.names) unknown += options.hosts.contains(name) ? 0 : 1;
  if (unknown > 0) {
    folder.notes.push_back(fmt::format("hosts.txt: {} of {} machines have no host name yet",
                                       unknown, machines.names.size()));
  }
  if (machines.names.size() < job.nodes.size()) {
    folder.notes.emplace_back(
        "machines whose ranks are not neighbours are several nodes, each with its own agent and "
        "GPUs");
  }
}

}  // namespace sextant
