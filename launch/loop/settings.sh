# shellcheck shell=bash
# shellcheck disable=SC2034  # the scripts that source this use the variables
# To be sourced: what launch/loop.sh was asked for, as variables, and as the flags that it hands to its
# steps.

loop_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
slurm_scripts=$(cd "$loop_folder/../../slurm" && pwd)

out=loop model=$loop_folder/tiny-llama.json device='' gpus='' nodes='' gpu_type='' dtype=fp32 seq_len=''
global_batch=32 mbs=1,2,4 tp='' shapes=() plans=() planned=yes candidates=no estimator=sextant rounds=''
iterations='' warm_up=2 time_limit='' launcher=processes quick=no through=processes wait=yes container='' bin=''

# own_flag FLAG VALUE: returns 1 where there is no such flag.
own_flag() {
  case $1 in
    --out) out=$2 ;;
    --model) model=$2 ;;
    --device) device=$2 ;;
    --gpus) gpus=$2 ;;
    --nodes) nodes=$2 ;;
    --gpu-type) gpu_type=$2 ;;
    --dtype) dtype=$2 ;;
    --seq-len) seq_len=$2 ;;
    --global-batch) global_batch=$2 ;;
    --mbs) mbs=$2 ;;
    --tp) tp=$2 ;;
    --shape) shapes+=("$2") ;;
    --plan) plans+=("$2") ;;
    --planned) planned=$2 ;;
    --candidates) candidates=$2 ;;
    --estimator) estimator=$2 ;;
    --rounds) rounds=$2 ;;
    --iterations) iterations=$2 ;;
    --warm-up) warm_up=$2 ;;
    --time-limit) time_limit=$2 ;;
    --launcher) launcher=$2 ;;
    --through) through=$2 ;;
    *) return 1 ;;
  esac
}

# own_switch FLAG: the flags without a value.
own_switch() {
  case $1 in
    --quick) quick=yes ;;
    --no-wait) wait=no ;;
    *) return 1 ;;
  esac
}

# settings_flags: sets `settings`, the flags that give a step all of the above.
settings_flags() {
  local entry
  settings=(--out "$out" --model "$model" --device "$device" --gpus "$gpus" --nodes "$nodes"
    --gpu-type "$gpu_type" --dtype "$dtype" --seq-len "$seq_len" --global-batch "$global_batch" --mbs "$mbs"
    --tp "$tp" --planned "$planned" --candidates "$candidates" --estimator "$estimator" --rounds "$rounds"
    --iterations "$iterations" --warm-up "$warm_up" --time-limit "$time_limit" --launcher "$launcher"
    --through "$through" --container "$container" --bin "$bin")
  for entry in "${shapes[@]}"; do settings+=(--shape "$entry"); done
  for entry in "${plans[@]}"; do settings+=(--plan "$entry"); done
  if [ "$quick" = yes ]; then settings+=(--quick); fi
}

# read_settings FLAG…: takes what settings_flags made.
read_settings() {
  while [ $# -gt 0 ]; do
    if own_switch "$1"; then shift; continue; fi
    [ $# -ge 2 ] || die "$1 needs a value"
    case $1 in
      --container) container=$2 ;;
      --bin) bin=$2 ;;
      *) own_flag "$1" "$2" || die "unknown flag '$1'" ;;
    esac
    shift 2
  done
}
