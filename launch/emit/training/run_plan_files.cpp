#include "launch/emit/training/run_plan_files.h"

#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/plan/runnable.h"
#include "analyzer/profile/gpu.h"
#include "launch/emit/shell_word.h"

namespace sextant {

namespace {

std::string environment_script(const LaunchOptions& options) {
  std::string text = R"sh(# shellcheck shell=bash
# Read by the scripts beside it. Edit it for the site: it goes with the folder to all machines.

# The directory of run_plan and sextant; empty: they are in PATH.
export SEXTANT_BIN=${SEXTANT_BIN:-}
# cuda, or cpu for a rehearsal with processes that exchange over Gloo.
export SEXTANT_DEVICE=${SEXTANT_DEVICE:-cuda}
)sh";
  text +=
      fmt::format("# Measured iterations.\nexport SEXTANT_ITERATIONS=${{SEXTANT_ITERATIONS:-{}}}\n",
                  options.iterations);
  // In quotes, whatever is in it; shellcheck takes them for a mistake.
  text += fmt::format(
      "# The image that programs run in; empty: none.\n"
      "# shellcheck disable=SC2016,SC2089\nimage={}\n"
      "# shellcheck disable=SC2090\n"
      "export SEXTANT_CONTAINER=${{SEXTANT_CONTAINER-$image}}\n",
      shell_word(options.container));
  text += R"sh(export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} NCCL_DEBUG=${NCCL_DEBUG:-WARN}
# The network interface through which machines reach each other, where it is not the first one:
# export NCCL_SOCKET_IFNAME=eth0 GLOO_SOCKET_IFNAME=eth0
)sh";
  return text;
}

constexpr std::string_view kCheckNode = R"sh(#!/usr/bin/env bash
# Whether this machine can run its part of the job: files, programs, GPUs. Exit code 3 where it cannot.
#   check_node.sh GPUS TYPE MEMORY_MIB PROGRAM…
# MEMORY_MIB is that of a GPU of the type, 0 where nobody knows.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck disable=SC1091 # made beside this script
source ./environment.sh
gpus=$1 type=$2 memory=$3
shift 3
failures=0
complain() {
  echo "$HOSTNAME: $1" >&2
  failures=$((failures + 1))
}

for file in plan.json job.json; do
  [ -r "$file" ] || complain "$file is not in $PWD: the folder must be on all machines at the same place"
done
inside=()
case $SEXTANT_CONTAINER in
  *.sif) inside=(apptainer exec --nv --bind "$PWD" "$SEXTANT_CONTAINER") ;;
esac
for program in "$@"; do
  "${inside[@]}" "$program" --version > /dev/null 2>&1 \
    || "${inside[@]}" "$program" --help > /dev/null 2>&1 \
    || complain "$program does not start: see SEXTANT_BIN and SEXTANT_CONTAINER in environment.sh"
done

if [ "$SEXTANT_DEVICE" != cpu ]; then
  found=()
  while IFS=, read -r name mib; do
    found+=("$name")
    if [ "$memory" -gt 0 ] && [ "${mib// /}" -gt 0 ] 2> /dev/null; then
      # What the driver keeps for itself differs; types that differ in memory do by more.
      if [ $((10 * ${mib// /})) -lt $((9 * memory)) ] || [ $((10 * ${mib// /})) -gt $((11 * memory)) ]; then
        complain "expected a $type with about $memory MiB, found $name with${mib} MiB"
      fi
    fi
  done < <(nvidia-smi --query-gpu=name,memory.total --format=csv,noheader,nounits 2> /dev/null || true)
  if [ ${#found[@]} -lt "$gpus" ]; then
    complain "expected $gpus GPUs of type $type, found ${#found[@]}"
  fi
fi
if [ $failures -gt 0 ]; then exit 3; fi
echo "$HOSTNAME: ready for $gpus ranks on $type"
)sh";

std::string compare_script(bool predicted) {
  std::string text = "#!/usr/bin/env bash\n";
  text +=
      predicted
          ? "# What was predicted of the plan beside what it measured. Arguments are handed on to "
            "sextant\n# validate, as --plot errors.svg and --json.\n"
          : "# What the plan measured; nothing was predicted of it. Arguments are handed on to "
            "sextant measured.\n";
  text += R"sh(set -euo pipefail
cd "$(dirname "$0")"
# shellcheck disable=SC1091 # made beside this script
source ./environment.sh
exec "${SEXTANT_BIN:+$SEXTANT_BIN/}sextant" )sh";
  return text + (predicted ? "validate --measured measured --predicted plan.json \"$@\"\n"
                           : "measured measured \"$@\"\n");
}

}  // namespace

std::vector<std::string> run_plan_obstacles(const LaunchJob& job) {
  return run_obstacles(job.plan, job.job, job.model);
}

void put_run_plan_files(const LaunchJob& job, const LaunchOptions& options, JobFolder& folder) {
  folder.files["environment.sh"] = environment_script(options);
  folder.files["check_node.sh"] = kCheckNode;
  folder.files["compare.sh"] = compare_script(job.prediction.has_value());
  if (job.prediction && job.job.framework != "sextant") {
    folder.notes.push_back(
        fmt::format("the prediction counts with what framework {} holds and sends; run_plan is "
                    "framework \"sextant\" of a job",
                    quote(job.job.framework)));
  }
}

std::string run_plan_start_notes() {
  return "The folder must be on all machines at the same place; `run_plan` and `sextant` too, or "
         "in "
         "`PATH`,\nor in a container: `environment.sh` says where, with which device, and for how "
         "many "
         "iterations.\nArguments of the start script go to `run_plan` (as `--warm-up 5`), which "
         "trains "
         "on synthetic tokens.\nWhat it measured is in `measured/plan.json` on the machine of rank "
         "0; "
         "exit code 5 says that the run\nended early, and that document why.\n";
}

std::string run_plan_compare_notes(const LaunchJob& job) {
  return std::string(
             "Where the folder has the measured document:\n\n```sh\n./compare.sh\n```\n\n") +
         (job.prediction ? "It lays the prediction in `plan.json`, made before the run, beside "
                           "`measured/`: time and memory.\n"
                         : "It shows `measured/`.\n");
}

long expected_memory_mib(const std::string& gpu) {
  const std::optional<GpuSpec> spec = find_gpu(gpu);
  constexpr double kMib = 1024.0 * 1024.0;
  return spec ? std::lround(spec->memory_bytes / kMib) : 0;
}

std::string bash_array(const std::vector<int>& values) {
  return fmt::format("({})", fmt::join(values, " "));
}

std::string bash_array(const std::vector<std::string>& words) {
  std::vector<std::string> quoted;
  for (const std::string& word : words) quoted.push_back(shell_word(word));
  return fmt::format("({})", fmt::join(quoted, " "));
}

}  // namespace sextant
