#!/usr/bin/env bash
# launch/loop.sh from nothing, through a real slurmctld with two nodes on this machine: it ends with
# predicted against measured time, also of a plan whose two stages ran on the two nodes.
#   loop_test.sh SOURCE_DIR BIN_DIR
set -euo pipefail
source_dir=$1 bin=$2
source "$(dirname "${BASH_SOURCE[0]}")/slurm_on_one_machine.sh"
export GLOO_SOCKET_IFNAME=lo
out="$work/the 'loop'"

start_munge
start_slurm 2
echo "slurmctld and two slurmd run after $SECONDS s"
# Stages that stand the other way round are not what Slurm does by itself.
source "$source_dir/launch/plan_document.sh"
plan_document tiny-llama CPU here 1 8 2 4/3 1 1 \
  | sed 's/"node": 0/"node": 9/; s/"node": 1/"node": 0/; s/"node": 9/"node": 1/' > "$work/turned.json"
loop() {
  timeout -k 5 500 "$source_dir/launch/loop.sh" --through slurm --device cpu --gres gpu:1 --partition gpu \
    --time 10 --bin "$bin" --quick --global-batch 8 --mbs 1,2 --rounds 2 --iterations 3 --warm-up 1 \
    --out "$@"
}
status=0
loop "$out" --plan "$work/turned.json" > "$work/table" 2> "$work/said" || status=$?
cat "$work/said" "$work/table"
[ $status = 0 ] || fail "the loop ends with $status"
echo "complete after $SECONDS s"
