#!/usr/bin/env bash
# Submits a profiling sweep to Slurm: a job array over its points, and a job that gathers them when all
# have ended, however they did.
set -euo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
main_program=profile_model
source "$scripts/common.sh"

usage() {
  cat << END
usage: slurm/profile_model.sh [FLAG…] -- ARGUMENTS OF profile_model

  slurm/profile_model.sh --partition gpu --time 1:00:00 --gres gpu:4 \\
    -- --model OPT-350M --gpu-type A100-40 --tp 1,2,4 --mbs 1,2,4,8 --out points

Prints the ids of both jobs. Each task of the array measures one point (or more, see --tasks); points
that have an answer in --out are kept, so that submitting again does what is missing. With --force
among the arguments all is measured again. Output of the jobs lies in DIR/slurm of --out DIR.

$SLURM_FLAGS_HELP
  --tasks N          tasks of the array; by default one for each point, which profile_model --plan-only
                     counts here: that needs a GPU here, or --gpu-type among the arguments
  --at-once N        at most so many tasks at a time
  --db DIR           database that the points are gathered in; by default profiles/measured
  --merge POLICY     two measurements of one point: error, newest (default) or median

Exit codes: 0 submitted; 2 wrong usage; 3 the sweep is not legal, or Slurm refuses it.
END
}

tasks='' at_once='' database=profiles/measured merge=newest
own_flag() {
  case $1 in
    --tasks) tasks=$2 ;;
    --at-once) at_once=$2 ;;
    --db) database=$2 ;;
    --merge) merge=$2 ;;
    *) return 1 ;;
  esac
}
parse_slurm_flags "$@"
for number in "$tasks" "$at_once"; do
  [[ $number =~ ^([1-9][0-9]{0,5})?$ ]] || die "'$number': expected a number of tasks"
done
command -v sbatch > /dev/null || die "no sbatch here: run this on a login node of a Slurm cluster" 3

out='' force=no previous=''
for word in "${rest[@]}"; do
  case $word in
    --out=*) out=${word#*=} ;;
    --force) force=yes ;;
    --shard | --shard=*) die "--shard is what the tasks of the array get" ;;
  esac
  if [ "$previous" = --out ]; then out=$word; fi
  previous=$word
done
[ -n "$out" ] || die "--out DIR is missing among the arguments of profile_model"
if [ $force = no ]; then rest+=(--resume); fi

# Legal or not is found out now, and not by every task.
plan=$(run_here profile_model "${rest[@]}" --plan-only --json) || exit 3
# member NAME: a string of the plan's first level.
member() { sed -n "s/^  \"$1\": \"\(.*\)\",\{0,1\}\$/\1/p" <<< "$plan"; }
points=$(grep -c '^      "file": ' <<< "$plan") || die "the plan has no points" 3
if [ -z "$tasks" ] || [ "$tasks" -gt "$points" ]; then tasks=$points; fi

mkdir -p "$out/slurm" || exit 3
array=$(sbatch --parsable "${sbatch_flags[@]}" "${gpu_flags[@]}" \
  --array="0-$((tasks - 1))${at_once:+%$at_once}" --output="$out/slurm/profile_model-%A_%a.out" \
  "$scripts/profile_model.sbatch" "$scripts" "$container" "$bin" "$tasks" "${rest[@]}") || exit 3
array=${array%%;*}  # a federation adds ;CLUSTER
gather=$(sbatch --parsable "${sbatch_flags[@]}" --dependency="afterany:$array" \
  --output="$out/slurm/gather_profs-%j.out" \
  "$scripts/gather_profs.sbatch" "$scripts" "$container" "$bin" --model-name "$(member model)" \
  --gpu-type "$(member gpu)" --profile-dir "$out" --db "$database" --merge "$merge") || exit 3
echo "array $array"
echo "gather ${gather%%;*}"
