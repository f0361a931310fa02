#!/usr/bin/env bash
# Submits measurements of links to Slurm: inside nodes, between nodes, or of all pairs of some nodes as a
# job array; and a job that fits what came when all have ended, however they did.
set -euo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
main_program=nccl_bench
source "$scripts/common.sh"
source "$scripts/nodes.sh"

usage() {
  cat << END
usage: slurm/nccl_bench.sh --scope intra|inter|pairs [FLAG…] -- ARGUMENTS OF nccl_bench

  slurm/nccl_bench.sh --scope intra --gres gpu:4 -- --op all --gpu-type A100-40
  slurm/nccl_bench.sh --scope inter --nodes 2 --gres gpu:4 -- --pattern halves --gpu-type A100-40
  slurm/nccl_bench.sh --scope pairs --nodelist n[01-16] --gres gpu:1 -- --gpu-type A100-40

Prints the ids of the jobs. Every job has its nodes for itself (--exclusive). Bandwidth documents lie in
--out, output of the jobs in DIR/slurm. The last job runs sextant network fit over all documents of DIR,
and names what left none.

  --scope intra      a job on one node, or one on each of --nodelist
  --scope inter      a job over --nodes nodes, or over those of --nodelist
  --scope pairs      a job array over the unordered pairs of --nodelist, or inside of an allocation of the
                     allocation's nodes, which the array gets when that has ended. A task takes all these
                     nodes and uses two: nothing of ours is then on the network beside its pair. So the
                     array lasts as long as all pairs one after the other, on all nodes
  --nodelist LIST    nodes as Slurm writes them, n[01-04],n7
  --nodes N          of inter; by default 2
  --ranks-per-node N by default the GPUs of --gres, else 1. More than one of a pair's ends talk all at
                     once with --pattern halves among the arguments
  --out DIR          by default bandwidth
  --network FILE     the fit's network document, by default network.json in DIR
  --at-once N        at most so many tasks of the array at a time, by default 1

$SLURM_FLAGS_HELP

Exit codes: 0 submitted; 2 wrong usage; 3 there are no such nodes, or Slurm refuses the jobs.
END
}

scope='' node_list='' node_count='' ranks='' out=bandwidth network='' at_once=1
own_flag() {
  case $1 in
    --scope) scope=$2 ;;
    --nodelist) node_list=$2 ;;
    --nodes) node_count=$2 ;;
    --ranks-per-node) ranks=$2 ;;
    --out) out=$2 ;;
    --network) network=$2 ;;
    --at-once) at_once=$2 ;;
    *) return 1 ;;
  esac
}
parse_slurm_flags "$@"
case $scope in
  intra | inter | pairs) ;;
  '') die "--scope intra, inter or pairs is missing (see --help)" ;;
  *) die "'$scope': expected --scope intra, inter or pairs" ;;
esac
for number in "$node_count" "$ranks" "$at_once"; do
  [[ $number =~ ^([1-9][0-9]{0,4})?$ ]] || die "'$number': expected a number from 1"
done
[ -z "$node_count" ] || [ $scope = inter ] || die "--nodes is for --scope inter"
[ -n "$out" ] || die "--out needs a name"
for word in "${rest[@]}"; do
  case $word in
    -o* | --output | --output=* | --csv | --csv=*) die "$word: results go to --out DIR, a flag before --" ;;
    --rendezvous | --rendezvous=* | --world-size | --world-size=* | --first-rank | --first-rank=* | \
      --local-ranks | --local-ranks=*) die "$word is what the jobs give" ;;
  esac
done
[ -n "$container" ] || [ -x "$bin/nccl_bench" ] || die "no nccl_bench in $bin" 3
command -v sbatch > /dev/null || die "no sbatch here: run this on a login node of a Slurm cluster" 3
ranks=${ranks:-$(gpus_of_gres)}
if [ $scope = pairs ] && [ -z "$node_list" ]; then
  node_list=${SLURM_JOB_NODELIST:-}
  [ -n "$node_list" ] || die "--nodelist is missing, and this is not inside of an allocation"
fi
hosts=()
if [ -n "$node_list" ]; then
  hosts_of "$node_list" || die "'$node_list' names no node" 3
  if [ $scope != intra ] && [ ${#hosts[@]} -lt 2 ]; then die "'$node_list' is one node; expected two or more"; fi
fi
if [ $scope = inter ]; then
  if [ ${#hosts[@]} -gt 0 ]; then
    [ "${node_count:-${#hosts[@]}}" -eq ${#hosts[@]} ] || die "--nodes $node_count, but '$node_list' has ${#hosts[@]}"
    node_count=${#hosts[@]}
  fi
  node_count=${node_count:-2}
  [ "$node_count" -ge 2 ] || die "--nodes 1: expected two or more (or --scope intra)"
fi

mkdir -p "$out/slurm" || exit 3
network=${network:-$out/network.json}
submission=$(mktemp "$out/slurm/submitted-$scope-XXXXXX") || exit 3  # results are newer than this

# submit LOG FLAG…: a job that measures; prints its id.
submit() {
  local log=$1 id
  shift
  id=$(sbatch --parsable "${sbatch_flags[@]}" "${gpu_flags[@]}" --exclusive --ntasks-per-node="$ranks" \
    --output="$out/slurm/nccl_bench-$log.out" "$@" "$scripts/nccl_bench.sbatch" "$scripts" "$container" \
    "$bin" "$out" "$scope" "$node_list" "$ranks" "${rest[@]}") || return 1
  echo "${id%%;*}"  # a federation adds ;CLUSTER
}

jobs=()
case $scope in
  intra)
    if [ ${#hosts[@]} -eq 0 ]; then
      jobs+=("$(submit %j --nodes=1)") || exit 3
    fi
    for host in "${hosts[@]}"; do
      jobs+=("$(submit %j --nodes=1 --nodelist="$host")") || exit 3
    done ;;
  inter)
    jobs+=("$(submit %j --nodes="$node_count" ${node_list:+--nodelist="$node_list"})") || exit 3 ;;
  pairs)
    jobs+=("$(submit %A_%a --nodes=${#hosts[@]} --nodelist="$node_list" \
      --array="0-$(($(pair_count) - 1))%$at_once")") || exit 3 ;;
esac
all=$(IFS=:; echo "${jobs[*]}")
fit=$(sbatch --parsable "${sbatch_flags[@]}" --dependency="afterany:$all" \
  --output="$out/slurm/network_fit-%j.out" "$scripts/network_fit.sbatch" "$scripts" "$container" "$bin" \
  "$out" "$network" "$scope" "$node_list" "$submission" "${jobs[@]}") || exit 3
for job in "${jobs[@]}"; do echo "measure $job"; done
echo "fit ${fit%%;*}"
