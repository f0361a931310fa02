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
#include "launch/emit/training/torchrun_nodes.h"

namespace sextant {

namespace {

/// run_plan in the container, if there is one.
TorchrunProgram run_plan_program() {
  TorchrunProgram program;
  program.name = "run_plan";
  program.prepare = R"sh(
inside=()
case $SEXTANT_CONTAINER in
  '') ;;
  *.sif) inside=(apptainer exec --nv --bind "$PWD" "$SEXTANT_CONTAINER") ;;
  *) echo "environment.sh: torchrun is started in Apptainer images (*.sif) only" >&2; exit 3 ;;
esac
mkdir -p measured
)sh";
  program.before = "\"${inside[@]}\" ";
  program.options = " --no-python";
  program.command =
      "\"${SEXTANT_BIN:+$SEXTANT_BIN/}run_plan\" --plan plan.json --job job.json --output "
      "measured/ \\\n"
      "  --device \"$SEXTANT_DEVICE\" --iterations \"$SEXTANT_ITERATIONS\"";
  return program;
}

std::string check_script(const JobMachines& machines) {
  std::vector<int> memory;
  for (const std::string& type : machines.types) {
    memory.push_back(static_cast<int>(expected_memory_mib(type)));
  }
  std::string text =
      "#!/usr/bin/env bash\n"
      "# Whether every machine can be reached and can run its part. Exit code 3 where one "
      "cannot.\n";
  text += begin_script();
  text +=
      fmt::format("machines={}\n# By machine: its GPUs in the job, their type and memory in MiB.\n",
                  machines.names.size());
  text +=
      fmt::format("gpus={}\n# shellcheck disable=SC2016 # names are data\ntypes={}\nmemory={}\n",
                  bash_array(machines.gpus), bash_array(machines.types), bash_array(memory));
  text += read_hosts();
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
  const JobMachines machines = machines_of(job);
  put_run_plan_files(job, options, folder);
  put_torchrun_nodes(job, options, run_plan_program(), folder);
  folder.files["check.sh"] = check_script(machines);
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
