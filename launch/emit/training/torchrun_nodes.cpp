#include "launch/emit/training/torchrun_nodes.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "launch/emit/shell_word.h"
#include "launch/emit/training/node_layout.h"

namespace sextant {

namespace {

bool is_host(const std::string& host) {
  return !host.empty() && host.front() != '-' && host.front() != '#' &&
         std::all_of(host.begin(), host.end(), [](char c) { return c > ' ' && c != '\x7f'; });
}

/// A machine that holds several runs of ranks shows each of them its GPUs only.
bool any_machine_twice(const std::vector<LaunchNode>& nodes) {
  std::set<std::string> names;
  for (const LaunchNode& node : nodes) names.insert(machine_name(node));
  return names.size() < nodes.size();
}

std::string node_script(const LaunchJob& job, const LaunchOptions& options,
                        const TorchrunProgram& program, const std::string& master) {
  std::vector<int> ranks;
  std::vector<int> first_gpus;
  for (std::size_t i = 0; i < job.nodes.size(); ++i) {
    ranks.push_back(job.nodes[i].ranks);
    first_gpus.push_back(first_gpu(job.nodes, i));
  }
  std::string text = fmt::format(
      R"sh(#!/usr/bin/env bash
# Starts the ranks of one machine with torchrun: {}.
# node.sh NODE [ARGUMENT…] on every machine, with its number of README.md; under srun with one task
# a node, SLURM_NODEID is the number where none is given. Arguments are handed on.
set -euo pipefail
cd "$(dirname "$0")"
ranks=({})  # by node
)sh",
      program.description, fmt::join(ranks, " "));
  if (any_machine_twice(job.nodes)) {
    text += fmt::format("first_gpu=({})  # of the machine, by node\n", fmt::join(first_gpus, " "));
  }
  text += R"sh(node=${1:-${SLURM_NODEID:-}}
if ! [[ $node =~ ^[0-9]+$ ]] || ((10#$node >= ${#ranks[@]})); then
  echo "usage: node.sh NODE [ARGUMENT…], NODE from 0 to $((${#ranks[@]} - 1))" >&2
  exit 2
fi
node=$((10#$node))
shift $(($# > 0 ? 1 : 0))
)sh";
  if (master.empty()) {
    text += ": \"${MASTER_ADDR:?set it to the address of node 0}\"\n";
  } else {
    text += fmt::format("MASTER_ADDR=${{MASTER_ADDR:-{}}}\n", shell_word(master));
  }
  text += fmt::format("MASTER_PORT=${{MASTER_PORT:-{}}}\n", options.master_port);
  for (const std::string& line : program.checks) text += line + "\n";
  for (const std::string& line : program.environment) text += line + "\n";
  if (any_machine_twice(job.nodes)) {
    text += R"sh(first=${first_gpu[node]}
CUDA_VISIBLE_DEVICES=$(seq -s, "$first" $((first + ranks[node] - 1)))
export CUDA_VISIBLE_DEVICES
)sh";
  }
  text += fmt::format("arguments=(\n  {}\n)\n", fmt::join(program.arguments, "\n  "));
  return text + fmt::format(R"sh(mkdir -p logs
# Static rendezvous: ranks are numbered node by node, in the order of --node-rank.
torchrun --nnodes {} --node-rank "$node" --nproc-per-node "${{ranks[node]}}" \
  --master-addr "$MASTER_ADDR" --master-port "$MASTER_PORT" \
  {} "${{arguments[@]}}" "$@" 2>&1 | tee "logs/node_$node.log"
)sh",
                            job.nodes.size(), program.program);
}

std::string ssh_script(const std::vector<std::string>& hosts) {
  std::string text = R"sh(#!/usr/bin/env bash
# Starts node.sh on every machine through ssh; their outputs come to logs/. Ctrl-C ends all of them.
# This folder must lie at the same path on all machines. Arguments are handed on.
set -euo pipefail
cd "$(dirname "$0")"

# Prints its argument as one word of the shell at the other end.
word() {
  local quote="'\\''"
  printf " '%s'" "${1//\'/$quote}"
}

words=
for argument in "$@"; do words+=$(word "$argument"); done
for name in MEGATRON_PATH TORCHTITAN_PATH MASTER_ADDR MASTER_PORT; do
  if [ -n "${!name:-}" ]; then environment+=" $name=$(word "${!name}")"; fi
done
folder=$(word "$PWD")

# start HOST NODE. A terminal (-tt), so that what runs there ends with ssh.
jobs=()
start() {
  ssh -tt -o BatchMode=yes -- "$1" "cd$folder && env${environment:-} ./node.sh $2$words" \
    < /dev/null > /dev/null &
  jobs+=($!)
}

trap 'kill "${jobs[@]}" 2> /dev/null || true' EXIT
)sh";
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    text += fmt::format("start {} {}\n", shell_word(hosts[i]), i);
  }
  return text + R"sh(failed=0
for job in "${jobs[@]}"; do wait "$job" || failed=1; done
exit "$failed"
)sh";
}

}  // namespace

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

void put_torchrun_nodes(const LaunchJob& job, const LaunchOptions& options,
                        const TorchrunProgram& program, JobFolder& folder) {
  const std::vector<std::string> hosts = node_hosts(job, options);
  folder.files["node.sh"] = node_script(job, options, program, hosts.front());
  if (std::find(hosts.begin(), hosts.end(), "") == hosts.end()) {
    folder.files["start_by_ssh.sh"] = ssh_script(hosts);
  }
}

std::string torchrun_start_text(const JobFolder& folder) {
  std::string text =
      "The folder must lie at the same path on all machines. Start node.sh on each with the number "
      "of its node:\n\n```sh\n";
  if (folder.files.contains("start_by_ssh.sh")) {
    text += "./start_by_ssh.sh   # starts all of them through ssh\n";
  }
  return text +
         "./node.sh 0         # on node 0, and so on\n"
         "srun --ntasks-per-node 1 ./node.sh   # in an allocation with the nodes in that order\n"
         "```\n";
}

}  // namespace sextant
