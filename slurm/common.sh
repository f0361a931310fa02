# shellcheck shell=bash
# Shared by the scripts that submit jobs: set `main_program`, `source` it, then parse_slurm_flags "$@".
# Without `main_program` no program is looked for; find_programs does it later.
source "$(dirname "${BASH_SOURCE[0]}")/../launch/find_program.sh"

# shellcheck disable=SC2034  # of the usage of those that source this
readonly SLURM_FLAGS_HELP="\
  --account A, --partition P, --time T, --gres G, --cpus-per-task N, --mem M
                     of every job, as sbatch has them. By default SEXTANT_ACCOUNT, SEXTANT_PARTITION,
                     SEXTANT_TIME, SEXTANT_GRES, SEXTANT_CPUS_PER_TASK, SEXTANT_MEM, and what
                     sbatch's own SBATCH_… variables and the cluster say
  --container IMAGE  programs run inside it: apptainer where IMAGE ends in .sif, else the container
                     support of srun (Pyxis); by default SEXTANT_CONTAINER
  --bin DIR          where the programs are (inside the container, where there is one); by default
                     SEXTANT_BIN, or the programs in PATH, or those of this checkout's build"

die() { echo "${0##*/}: error: $1" >&2; exit "${2:-2}"; }

# Takes flags up to `--` from the arguments. Sets the arrays sbatch_flags (for every job) and
# gpu_flags (for those that use a GPU), container, bin, and `rest`, what follows `--`. A flag that is
# not of Slurm goes to the function own_flag FLAG VALUE, which returns 1 where it does not know it; one
# without a value to own_switch FLAG, where the script has that.
parse_slurm_flags() {
  local -A value=(
    [account]=${SEXTANT_ACCOUNT:-} [partition]=${SEXTANT_PARTITION:-} [time]=${SEXTANT_TIME:-}
    [gres]=${SEXTANT_GRES:-} [cpus-per-task]=${SEXTANT_CPUS_PER_TASK:-} [mem]=${SEXTANT_MEM:-}
  )
  container=${SEXTANT_CONTAINER:-}
  bin=${SEXTANT_BIN:-}
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    local flag=$1 argument
    if own_switch "$flag"; then shift; continue; fi
    case $flag in
      -h | --help) usage; exit 0 ;;
      --*=*) argument=${flag#*=}; flag=${flag%%=*}; shift ;;
      --*) { [ $# -ge 2 ] && [ "$2" != -- ]; } || die "$flag needs a value"; argument=$2; shift 2 ;;
      *) die "unexpected argument '$flag'; what follows -- goes to the program (see --help)" ;;
    esac
    case $flag in
      --container) container=$argument ;;
      --bin) bin=$argument ;;
      *) if [ -n "${value[${flag#--}]+known}" ]; then
           value[${flag#--}]=$argument
         else
           own_flag "$flag" "$argument" || die "unknown flag '$flag' (see --help)"
         fi ;;
    esac
  done
  [ $# -gt 0 ] || die "nothing after -- (see --help)"
  shift
  rest=("$@")

  sbatch_flags=()
  local name
  for name in account partition time cpus-per-task mem; do
    if [ -n "${value[$name]}" ]; then sbatch_flags+=("--$name=${value[$name]}"); fi
  done
  gpu_flags=()
  if [ -n "${value[gres]}" ]; then gpu_flags+=("--gres=${value[gres]}"); fi
  if [ -n "${main_program:-}" ]; then find_programs; fi
}
declare -F own_switch > /dev/null || own_switch() { return 1; }

# Sets `bin` where it is not given, and `host_bin`, where the programs are outside of any container (""
# where they are not).
find_programs() {
  local program
  host_bin=''
  if [ -z "$container" ] && [ -n "$bin" ]; then
    host_bin=$bin
  elif program=$(SEXTANT_BIN='' find_program "$main_program"); then
    host_bin=$(dirname "$program")
  fi
  if [ -z "$bin" ]; then bin=$host_bin; fi
  [ -n "$bin" ] || die "no $main_program in PATH or in this checkout's build; say where with --bin DIR" 3
}

# Prints how many GPUs of a node --gres asks for: gpu, gpu:4, gpu:a100:4, gpu:a100:4,…; 1 where none.
gpus_of_gres() {
  [[ ${gpu_flags[0]-} =~ ^--gres=(gres/)?gpu(:[^:,]+)?:([1-9][0-9]*)(,|$) ]] && echo "${BASH_REMATCH[3]}" || echo 1
}

# Runs a program that needs no GPU here and now: outside of a container where it can.
run_here() {
  local program=$1
  shift
  case $container in
    *.sif) if [ -z "$host_bin" ]; then
             apptainer exec "$container" "$bin/$program" "$@"
             return
           fi ;;
    ?*) [ -n "$host_bin" ] || die "no $program outside of the container, in PATH or in this checkout's build" 3 ;;
  esac
  "$host_bin/$program" "$@"
}
