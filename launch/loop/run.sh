#!/usr/bin/env bash
# A step of launch/loop.sh: what the plans take, into measured/.
#   run.sh SETTING…
# Plans run in turn, so that what disturbs the machine disturbs all of them. Ends well where something was
# measured, even if the run ended early: the next step tells what is missing.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
source "$loop_folder/step.sh"
begin_step "$@"
inside=()  # srun enters the container
read_gpu_type
mapfile -t names < "$out/to_run.txt"
[ ${#names[@]} -gt 0 ] || die "$out/to_run.txt names no plan" 3

# run NAME STARTER… -- PLAN…: run_plan, started by the starter, measures the plans.
run() {
  local log=$1 starter=() documents=() name
  shift
  while [ "$1" != -- ]; do starter+=("$1"); shift; done
  shift
  for name in "$@"; do documents+=(--plan "$out/plans/$name.json"); done
  attempt "$log" "${starter[@]}" "$(program run_plan)" --device "$device" --job "$out/job.json" \
    --gpu-type "$gpu_type" --rounds "$rounds" --iterations "$iterations" --warm-up "$warm_up" \
    --output "$out/measured/" "${documents[@]}"
  case $status in
    0) ;;
    5) tail -n 3 "$out/logs/$log.txt" >&2; echo "loop.sh: warning: the run ended early" >&2 ;;
    *) give_up "$log" ;;
  esac
}

if [ "$through" = processes ]; then
  starter=()
  if [ "$launcher" = torchrun ]; then
    starter=(torchrun --standalone --nproc-per-node "$gpus" --no-python)
  fi
  run run "${starter[@]}" -- "${names[@]}"
  exit
fi

# nodes_of PLAN: sets `places`, the node of every rank in order, and `ranks`, how many there are. A plan
# that leaves its nodes to the launcher fills them one after the other.
nodes_of() {
  local text machine count all member
  text=$(tr -d ' \n\r\t' < "$1")
  # Only the pipelines: the cluster that the plan was made for has counts too.
  text=${text#*\"pipelines\":}
  for member in job cluster prediction; do text=${text%%\"$member\":*}; done
  mapfile -t all < <(grep -o '"count":[0-9]\{1,6\}' <<< "$text")
  ranks=0
  for count in "${all[@]}"; do ranks=$((ranks + ${count#*:})); done
  places=()
  while IFS=: read -r _ machine count; do
    for ((; count > 0; --count)); do places+=("${machine%%,*}"); done
  done < <(grep -o '"node":[0-9]\{1,6\},"count":[0-9]\{1,6\}' <<< "$text")
  if [ ${#places[@]} -ne "$ranks" ]; then
    places=()
    for ((count = 0; count < ranks; ++count)); do places+=($((count / gpus))); done
  fi
}

# shellcheck source=../../slurm/nodes.sh
source "$slurm_scripts/nodes.sh"
hosts_of "$SLURM_JOB_NODELIST"
# start NAME PLAN…: on the nodes of `places`.
start() {
  local log=$1 wanted='' place
  shift
  for place in "${places[@]}"; do
    [ "$place" -lt ${#hosts[@]} ] || die "plan $1 wants node $place, there are ${#hosts[@]}" 3
    wanted+=${wanted:+,}${hosts[place]}
  done
  run "$log" "$slurm_scripts/srun_ranks.sh" "$container" "$wanted" -- "$@"
}
# Plans that fill the nodes one after the other run in turn, in the ranks of the largest; each of the
# others for itself.
together=() most=0 apart=()
for name in "${names[@]}"; do
  nodes_of "$out/plans/$name.json"
  filling=yes
  for ((rank = 0; rank < ranks; ++rank)); do
    if [ "${places[rank]}" -ne $((rank / gpus)) ]; then filling=no; fi
  done
  if [ $filling = no ]; then apart+=("$name"); continue; fi
  together+=("$name")
  if [ "$ranks" -gt $most ]; then most=$ranks; fi
done
if [ ${#together[@]} -gt 0 ]; then
  places=()
  for ((rank = 0; rank < most; ++rank)); do places+=($((rank / gpus))); done
  start run "${together[@]}"
fi
for name in "${apart[@]}"; do
  nodes_of "$out/plans/$name.json"
  start "run-$name" "$name"
done
