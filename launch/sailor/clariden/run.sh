#!/usr/bin/env bash
# Submits a matrix of configurations to Slurm, a job each, in which run_plan measures one.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scripts=$(cd "$here/../../../slurm" && pwd)
main_program=run_plan
source "$scripts/common.sh"
source "$here/../../plan_document.sh"

usage() {
  cat << END
usage: launch/sailor/clariden/run.sh [FLAG…] [-- ARGUMENTS OF run_plan]

  launch/sailor/clariden/run.sh --account A --partition P --time 30:00 --gres gpu:4
  launch/sailor/clariden/run.sh --nodes 1,2,4 --gpu-type A100-40 -- --warm-up 5 -n 20

Prints the name of each configuration and the id of its job. By default the configurations are the
published ones of configurations.csv, 1 to 32 nodes. A job has its nodes for itself (--exclusive) and
leaves NAME.json, a measured document, in --out; plans and jobs lie in DIR/inputs, output of the jobs in
DIR/slurm. A configuration that is measured completely is not submitted again. Then:
process_results.sh DIR OUT.

  --table FILE       configurations, with the columns of configurations.csv
  --nodes N,N,…      only those of so many nodes
  --only NAME,NAME,… only these
  --out DIR          by default results
  --gpus-per-node N  by default 4
  --gpu-type TYPE    by default GH-96
  --zone ZONE        of the plans, by default clariden
  --model MODEL      a name or a document, by default OPT-350M
  --seq-len N        by default 2048
  --dtype TYPE       by default fp32

$SLURM_FLAGS_HELP

Exit codes: 0 submitted, or all is measured; 2 wrong usage; 3 the table is malformed or has no such
configuration, or Slurm refuses a job.
END
}

table=$here/configurations.csv nodes='' only='' out=results per_node=4 gpu=GH-96 zone=clariden
model=OPT-350M seq_len=2048 dtype=fp32
own_flag() {
  case $1 in
    --table) table=$2 ;;
    --nodes) nodes=$2 ;;
    --only) only=$2 ;;
    --out) out=$2 ;;
    --gpus-per-node) per_node=$2 ;;
    --gpu-type) gpu=$2 ;;
    --zone) zone=$2 ;;
    --model) model=$2 ;;
    --seq-len) seq_len=$2 ;;
    --dtype) dtype=$2 ;;
    *) return 1 ;;
  esac
}
separated=no
for word in "$@"; do
  if [ "$word" = -- ]; then separated=yes; fi
done
if [ $separated = no ]; then set -- "$@" --; fi
parse_slurm_flags "$@"
for number in "$per_node" "$seq_len"; do
  [[ $number =~ ^[1-9][0-9]{0,6}$ ]] || die "'$number': expected a number from 1"
done
[[ $nodes =~ ^([1-9][0-9]*(,[1-9][0-9]*)*)?$ ]] || die "--nodes '$nodes': expected numbers, as in 1,2,4"
for name in "$gpu" "$zone" "$dtype" "$(basename "$model")"; do
  document_name "$name" || die "'$name': expected a name of letters, digits and ._+-"
done
[ -n "$out" ] || die "--out needs a name"
case $model in
  */* | *.json) [ -f "$model" ] || die "--model $model: no such file" 3
                model=$(cd "$(dirname "$model")" && pwd)/$(basename "$model")
                model_name=$(sed -n 's/^ *"name": *"\([^"]*\)".*/\1/p' "$model" | head -1)
                document_name "$model_name" || die "$model: no name of a model" 3 ;;
  *) model_name=$model ;;
esac
for word in "${rest[@]}"; do
  case $word in
    -o* | --output | --output=* | --plan | --plan=* | --job | --job=* | --name | --name=*)
      die "$word is what the jobs give" ;;
  esac
done
[ -n "$container" ] || [ -x "$bin/run_plan" ] || die "no run_plan in $bin" 3
command -v sbatch > /dev/null || die "no sbatch here: run this on a login node of a Slurm cluster" 3
[ -r "$table" ] || die "--table $table: cannot be read" 3

# chosen NAME NODES
chosen() {
  if [ -n "$nodes" ] && [[ ,$nodes, != *,$2,* ]]; then return 1; fi
  if [ -n "$only" ] && [[ ,$only, != *,$1,* ]]; then return 1; fi
}

# Everything is read before anything is submitted.
header=name,nodes,global_batch,microbatch,layers_per_stage,data_parallel,tensor_parallel
rows=() line=0
while IFS= read -r row || [ -n "$row" ]; do
  line=$((line + 1))
  row=${row%$'\r'}
  case $row in '#'* | '' | "$header") continue ;; esac
  number='[1-9][0-9]{0,6}'
  [[ $row =~ ^[^,]+,$number,$number,$number,$number(/$number)*,$number,$number$ ]] \
    || die "$table, line $line: expected $header, found '$row'" 3
  IFS=, read -r name count _ _ layers data tensor <<< "$row"
  document_name "$name" || die "$table, line $line: '$name' cannot be a file's name" 3
  IFS=/ read -ra stages <<< "$layers"
  ranks=$((${#stages[@]} * data * tensor))
  if chosen "$name" "$count"; then
    [ $ranks -eq $((count * per_node)) ] \
      || die "$table, line $line: $name has $ranks ranks, $count nodes of $per_node have $((count * per_node))" 3
    rows+=("$row")
  fi
done < "$table"
[ ${#rows[@]} -gt 0 ] || die "no configuration of $table is chosen" 3

mkdir -p "$out/inputs" "$out/slurm" || exit 3
for row in "${rows[@]}"; do
  IFS=, read -r name count global_batch microbatch layers data tensor <<< "$row"
  if [ -s "$out/$name.json" ] && ! grep -q '^  "incomplete":' "$out/$name.json"; then
    echo "$name is measured" >&2
    continue
  fi
  plan_document "$model_name" "$gpu" "$zone" "$per_node" "$global_batch" "$microbatch" "$layers" "$data" \
    "$tensor" > "$out/inputs/$name.plan.json"
  job_document "$name" "$model" "$global_batch" "$seq_len" "$dtype" > "$out/inputs/$name.job.json"
  id=$(sbatch --parsable "${sbatch_flags[@]}" "${gpu_flags[@]}" --exclusive --nodes="$count" \
    --ntasks-per-node="$per_node" --job-name="$name" --output="$out/slurm/$name-%j.out" \
    "$scripts/validate.sbatch" "$scripts" "$container" "$bin" "$out/inputs/$name.plan.json" \
    "$out/inputs/$name.job.json" "$out/$name.json" --name "$name" --gpu-type "$gpu" "${rest[@]}") || exit 3
  echo "$name ${id%%;*}"  # a federation adds ;CLUSTER
done
