#!/usr/bin/env bash
# launch/sailor/clariden/run.sh on a real slurmctld with two nodes on this machine: a job for each
# configuration of a small table, on one node and on both, and what they leave.
#   validate_test.sh SOURCE_DIR RUN_PLAN
# RUN_PLAN is the program or what stands in for it.
set -euo pipefail
source_dir=$1 run_plan=$2
source "$(dirname "${BASH_SOURCE[0]}")/slurm_on_one_machine.sh"

programs="$work/the programs"
mkdir "$programs"
ln -s "$run_plan" "$programs/run_plan"
out="$work/results of the 'site'"
export GLOO_SOCKET_IFNAME=lo

cat > "$work/table.csv" << 'END'
name,nodes,global_batch,microbatch,layers_per_stage,data_parallel,tensor_parallel
alone,1,4,2,9,1,1
replicas,2,4,1,9,2,1
stages,2,4,1,5/4,1,1
END

# submit: sets `jobs`, the ids by name.
declare -A jobs
submit() {
  local text name id
  text=$("$source_dir/launch/sailor/clariden/run.sh" --table "$work/table.csv" --partition gpu --time 5 \
    --gres gpu:1 --gpus-per-node 1 --gpu-type CPU --zone here --seq-len 64 --bin "$programs" --out "$out" \
    --model "$source_dir/tests/data/profiler/tiny-llama.json" -- --device cpu -n 3 --warm-up 1) \
    || fail "not submitted"
  jobs=()
  while read -r name id; do
    if [ -n "$name" ]; then jobs[$name]=$id; fi
  done <<< "$text"
}
# expect NAME: its job ends well, and its document has the ranks of all nodes.
expect() {
  wait_until 60 has_ended "${jobs[$1]}" || fail "the job of $1 does not end"
  [ "$(exit_code "${jobs[$1]}")" = 0 ] || fail "the job of $1 ends with $(exit_code "${jobs[$1]}")"
  grep -q "\"name\": \"$1\"" "$out/$1.json" || fail "no document of $1"
  if grep -q '"incomplete"' "$out/$1.json"; then fail "$1 is not complete"; fi
  [ "$(grep -o '"tp_rank":' "$out/$1.json" | wc -l)" = "$2" ] || fail "not $2 ranks in $1"
}

start_munge
start_slurm 2
echo "slurmctld and two slurmd run after $SECONDS s"
export FAKE_DEAD_PLAN=stages
submit
[ ${#jobs[@]} = 3 ] || fail "${#jobs[@]} jobs, expected 3"
expect alone 1
expect replicas 2
if [ "${run_plan##*.}" = sh ]; then
  wait_until 60 has_ended "${jobs[stages]}" || fail "the job of stages does not end"
  [ "$(exit_code "${jobs[stages]}")" = 5 ] || fail "a run that ended early counts as done"
  grep -q '"meeting": "127.0.0.1:' "$out/replicas.json" || fail "the ranks meet elsewhere"
  grep -q '"ranks": \[{"tp_rank": 0, "host": "n1"}, {"tp_rank": 0, "host": "n2"}\]' "$out/replicas.json" \
    || fail "the ranks of replicas are not one on each node"
  unset FAKE_DEAD_PLAN
  submit
  [ "${!jobs[*]}" = stages ] || fail "submitted again: ${!jobs[*]}"
fi
expect stages 2
submit
[ ${#jobs[@]} = 0 ] || fail "submitted again: ${!jobs[*]}"
echo "complete after $SECONDS s"
