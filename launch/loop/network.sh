#!/usr/bin/env bash
# A step of launch/loop.sh: what messages take, into bandwidth.json; through Slurm inside of a
# node and between nodes, into bandwidth/.
#   network.sh SETTING…
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
source "$loop_folder/step.sh"
begin_step "$@"

# sweep_of RANKS: sets `sweep`, the arguments of nccl_bench for a group of them.
sweep_of() {
  local groups=2 size
  for ((size = 4; size <= $1; size *= 2)); do groups+=,$size; done
  sweep=(--op "send_recv,all_reduce,all_gather,reduce_scatter" --group-sizes "$groups")
  if [ "$device" = cpu ]; then
    sweep+=(--backend gloo --max-bytes 64MiB)
  else
    sweep+=(--backend nccl)
  fi
  if [ -n "$gpu_type" ]; then sweep+=(--gpu-type "$gpu_type"); fi
  if [ "$quick" = yes ]; then
    sweep+=(--time-limit 0.3 --factor 4)
  else
    sweep+=(--time-limit "$time_limit")
  fi
}

read_gpu_type
if [ "$through" = processes ]; then
  sweep_of "$gpus"
  succeed bandwidth "$(program nccl_bench)" "${sweep[@]}" --local-ranks "$gpus" --output "$out/bandwidth.json"
  exit
fi
mkdir -p "$out/bandwidth"
inside=()  # srun enters the container
bench=("$slurm_scripts/nccl_bench.sbatch" "$slurm_scripts" "$container" "$(dirname "$(program nccl_bench)")"
  "$out/bandwidth")
if [ "$gpus" -gt 1 ]; then
  sweep_of "$gpus"
  all=$SLURM_JOB_NODELIST
  SLURM_JOB_NODELIST=$(scontrol show hostnames "$all" | head -1)
  succeed bandwidth-intra "${bench[@]}" intra '' "$gpus" "${sweep[@]}"
  SLURM_JOB_NODELIST=$all
fi
if [ "$nodes" -gt 1 ]; then
  sweep_of $((gpus * nodes))
  succeed bandwidth-inter "${bench[@]}" inter '' "$gpus" "${sweep[@]}"
fi
