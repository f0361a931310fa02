#!/usr/bin/env bash
# A step of launch/loop.sh: what layers take on one node, into points/.
#   profile.sh SETTING…
# In an array of Slurm's jobs every node does the same, and each keeps its points apart.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
source "$loop_folder/step.sh"
begin_step "$@"
node=${SLURM_ARRAY_TASK_ID:-0} prefix='' suffix=''
if [ "$through" = slurm ]; then prefix=node$node- suffix=-node$node; fi
if [ "$node" -ne 0 ]; then commands=$out/logs/commands$suffix.txt; fi  # one writer a file

profile=("$(program profile_model)" --model "$model" --device "$device" --dtype "$dtype" --mbs "$mbs"
  --time-limit "$time_limit")
if [ -n "$gpu_type" ]; then profile+=(--gpu-type "$gpu_type"); fi
if [ -n "$seq_len" ]; then profile+=(--seq-len "$seq_len"); fi
if [ "$quick" = yes ]; then profile+=(--no-operators); fi

# Cores share caches, memory and clock: on a CPU as many sweeps of a tensor degree run at once as have
# room, since that is how the plans' ranks will run; all are gathered.
for degree in ${tp//,/ }; do
  copies=1
  if [ "$device" = cpu ] && [ "$degree" -lt "$gpus" ]; then copies=$((gpus / degree)); fi
  sweeps=()
  for ((copy = 1; copy < copies; ++copy)); do
    (succeed "profile-tp$degree-copy$copy$suffix" "${profile[@]}" --tp "$degree" \
      --out "$out/points/${prefix}copy$copy") &
    sweeps+=($!)
  done
  succeed "profile-tp$degree$suffix" "${profile[@]}" --tp "$degree" --out "$out/points/${prefix}copy0"
  for sweep in "${sweeps[@]}"; do wait "$sweep" || exit; done
done

# Who plans may be on another node.
if [ "$node" -eq 0 ]; then
  if [ "$device" = cpu ]; then
    echo $(($(awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo) * 1024 / gpus))
  else
    memory=$(nvidia-smi --query-gpu=memory.total --format=csv,noheader,nounits | head -1)
    echo $((memory * 1024 * 1024))
  fi | keep "$out/points/memory_bytes"
fi
