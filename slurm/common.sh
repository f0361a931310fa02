# Shared by the scripts that submit jobs: `source` it, then parse_slurm_flags "$@".

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
# not of Slurm goes to the function own_flag FLAG VALUE, which returns 1 where it does not know it.
parse_slurm_flags() {
  local -A value=(
    [account]=${SEXTANT_ACCOUNT:-} [partition]=${SEXTANT_PARTITION:-} [time]=${SEXTANT_TIME:-}
    [gres]=${SEXTANT_GRES:-} [cpus-per-task]=${SEXTANT_CPUS_PER_TASK:-} [mem]=${SEXTANT_MEM:-}
  )
  container=${SEXTANT_CONTAINER:-}
  bin=${SEXTANT_BIN:-}
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    local flag=$1 argument
    case $flag in
      -h | --help) usage; exit 0 ;;
      --*=*) argument=${flag#*=}; flag=${flag%%=*}; shift ;;
      --*) [ $# -ge 2 ] || die "$flag needs a value"; argument=$2; shift 2 ;;
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
  find_programs
}

# Sets `bin` where it is not given.
find_programs() {
  if [ -n "$bin" ]; then return; fi
  local here candidate
  here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
  if candidate=$(command -v profile_model); then
    bin=$(dirname "$candidate")
    return
  fi
  for candidate in "$here/build/full/bin" "$here/build/cpu/bin"; do
    if [ -x "$candidate/profile_model" ]; then bin=$candidate; return; fi
  done
  die "no profile_model in PATH or in this checkout's build; say where with --bin DIR" 3
}
