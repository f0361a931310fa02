#!/usr/bin/env bash
# srun_ranks.sh IMAGE NODES PROGRAM ARGUMENT…: becomes the ranks of the program, inside of a job. Each knows
# its rank as torchrun would tell it.
#   NODES  '' for all tasks of the job, node by node; or the node of every rank, separated by commas
set -euo pipefail
image=$1 nodes=$2
shift 2
source "$(dirname "${BASH_SOURCE[0]}")/nodes.sh"

step=(--distribution=block)
if [ -n "$nodes" ]; then
  IFS=, read -ra ranks <<< "$nodes"
  first=${ranks[0]}
  step=(--distribution=arbitrary --nodes="$(printf '%s\n' "${ranks[@]}" | sort -u | wc -l)"
    --ntasks="${#ranks[@]}" --nodelist="$nodes")
  unset SLURM_NTASKS_PER_NODE  # the job's, which the step need not fill
else
  hosts_of "$SLURM_JOB_NODELIST"
  first=${hosts[0]}
fi

# Rank 0 is on the first node. Its address is the one that Slurm itself uses: names of nodes need not be
# names of hosts.
address=$(scontrol show node -o "$first" | sed -n 's/.* NodeAddr=\([^ ]*\) .*/\1/p')
export MASTER_ADDR=${address:-$first}
export MASTER_PORT=$((20000 + SLURM_JOB_ID % 10000))  # below those that Linux hands out by itself

step+=(--kill-on-bad-exit=0)  # ranks that are left say who is missing
if [ -n "${SLURM_CPUS_PER_TASK:-}" ]; then step+=(--cpus-per-task="$SLURM_CPUS_PER_TASK"); fi
inside=()
case $image in
  '') ;;
  *.sif) inside=(apptainer exec --nv "$image") ;;
  *) step+=(--container-image="$image" --container-mounts="$PWD:$PWD" --container-workdir="$PWD") ;;
esac
# With the address from above.
# shellcheck disable=SC2016
exec srun "${step[@]}" "${inside[@]}" bash -c \
  'export RANK=$SLURM_PROCID LOCAL_RANK=$SLURM_LOCALID WORLD_SIZE=${SLURM_STEP_NUM_TASKS:-$SLURM_NTASKS}; exec "$@"' \
  rank "$@"
