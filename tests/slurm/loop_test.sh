#!/usr/bin/env bash
# launch/loop.sh from nothing, through a real slurmctld with two nodes on this machine: it ends with
# predicted against measured time, also of a plan whose two stages ran on the two nodes. Then a step that
# fails, and a loop that nobody waits for.
#   loop_test.sh SOURCE_DIR BIN_DIR
set -euo pipefail
source_dir=$1 bin=$2
source "$(dirname "${BASH_SOURCE[0]}")/slurm_on_one_machine.sh"
source "$source_dir/launch/plan_document.sh"
export GLOO_SOCKET_IFNAME=lo
out="$work/the 'loop' of \$(a user)"

# loop EXIT_CODE FLAG…: what it says lies in `said`, its table in `table`.
loop() {
  local expected=$1 status=0
  shift
  timeout -k 5 400 "$source_dir/launch/loop.sh" --through slurm --device cpu --gres gpu:1 --partition gpu \
    --time 10 --bin "$bin" --quick --global-batch 8 --mbs 1,2 --rounds 2 --iterations 3 --warm-up 1 \
    "$@" > "$work/table" 2> "$work/said" || status=$?
  [ $status = "$expected" ] || { cat "$work/said"; fail "the loop ends with $status, expected $expected"; }
}
# says FILE TEXT
says() { grep -qF -- "$2" "$work/$1" || { cat "$work/$1"; fail "$1 has no '$2'"; }; }
no_job_is_left() { [ -z "$(squeue --noheader)" ]; }

start_munge
start_slurm 2
echo "slurmctld and two slurmd run after $SECONDS s"

# Stages that stand the other way round are not what Slurm does by itself.
plan_document tiny-llama CPU here 1 8 2 4/3 1 1 \
  | sed 's/"node": 0/"node": 9/; s/"node": 1/"node": 0/; s/"node": 9/"node": 1/' > "$work/turned.json"
loop 0 --plan "$work/turned.json" --shape one=7,1,1 --out "$out"
cat "$work/said" "$work/table"
echo "the loop is closed after $SECONDS s"

# The documents are there, and our readers take them.
for document in points/memory_bytes bandwidth/inter_n1_n2_2.json cluster.json job.json to_run.txt \
  plans/{planned,turned,two-nodes}.json predictions/{planned,turned,two-nodes}.json \
  measured/{planned,turned,two-nodes}.json validation.json validation.csv errors.svg network.svg report.html; do
  [ -s "$out/$document" ] || fail "no $document"
done
for node in node0 node1; do
  [ "$(find "$out/points/$node-copy0" -name 'profile_*.json' | wc -l)" = 2 ] || fail "no points of $node"
done
[ -z "$(find "$out" -name '*.part' -o -name '.sextant-*')" ] || fail "half-written files"
"$bin/sextant" measured "$out/measured" > /dev/null || fail "the measured documents cannot be read"
"$bin/sextant" network show "$out/cluster.json" > "$work/network" || fail "the network cannot be read"
says network between_nodes
"$bin/sextant" simulate --cluster "$out/cluster.json" --job "$out/job.json" --profiles "$out/db" \
  --plan "$out/plans/two-nodes.json" --json > "$work/again.json" 2> "$work/simulated" \
  || { cat "$work/simulated"; fail "the plan cannot be simulated again"; }
cmp "$work/again.json" "$out/predictions/two-nodes.json" || fail "another prediction of the same inputs"

# Each stage on its node: ranks are in the order of stages.
hosts_of_plan() { sed -n 's/^      "host": "\(.*\)",$/\1/p' "$out/measured/$1.json" | tr '\n' ' '; }
[ "$(grep -c '"stage": ' "$out/measured/two-nodes.json")" = 2 ] || fail "two-nodes has not two stages"
if unshare --uts true 2> /dev/null; then
  [ "$(hosts_of_plan two-nodes)" = 'n1 n2 ' ] || fail "two-nodes ran on $(hosts_of_plan two-nodes)"
  [ "$(hosts_of_plan turned)" = 'n2 n1 ' ] || fail "turned ran on $(hosts_of_plan turned)"
fi

# Predicted against measured, in the table and in the document. How large the error is depends on what else
# this machine does.
error=$(tr -d ' \n' < "$out/validation.json" | grep -o '"config":"two-nodes","quantity":"time"[^}]*' \
  | sed -n 's/.*"relative_error":\(-\{0,1\}[0-9][0-9.]*\(e[-+][0-9]*\)\{0,1\}\),.*/\1/p')
[ -n "$error" ] || fail "no relative error of two-nodes"
grep -qE '^two-nodes +[0-9.]+ m?s +[0-9.]+ m?s +[-+][0-9.]+ %$' "$work/table" || fail "two-nodes is not in the table"
for name in planned one turned; do grep -q "^$name " "$work/table" || fail "$name is not in the table"; done
[ "$(grep -n simulate "$out/commands.txt" | tail -1 | cut -d: -f1)" -lt \
  "$(grep -n srun_ranks "$out/commands.txt" | head -1 | cut -d: -f1)" ] || fail "a plan ran before all were predicted"
loop 3 --out "$out"
says said 'is not empty'

# A step that fails ends the chain with its code and what it said, and no job is left.
loop 3 --tp 3 --out "$work/failing"
says said 'does not divide its 8 attention heads'
says said 'failed with exit code 3 (see '
wait_until 20 no_job_is_left || fail "jobs are left: $(squeue)"
[ ! -e "$work/failing/cluster.json" ] || fail "the chain went on"
echo "a step failed after $SECONDS s"

# Nobody waits; somebody stops waiting. The jobs are there either way.
loop 0 --no-wait --out "$work/alone"
says said 'the table will be in'
read -r -a jobs <<< "$(sed -n 's/^\(profile\|network\|plan\|run\|compare\) \([0-9]*\)$/\2/p' "$work/said" | tr '\n' ' ')"
[ ${#jobs[@]} = 5 ] || fail "${#jobs[@]} jobs, expected 5"
[ "$(job_state "${jobs[4]}")" = PENDING ] || fail "the last job is $(job_state "${jobs[4]}")"
scancel "${jobs[@]}"
wait_until 20 no_job_is_left || fail "jobs are left: $(squeue)"
(loop 5 --out "$work/left") &
waiting=$!
is_waiting() { grep -q '^[0-9:]* profile [0-9]*' "$work/said" && grep -q '^compare ' "$work/said"; }
wait_until 20 is_waiting || fail "the loop does not wait"
kill -TERM "$(pgrep -f -- "--out $work/left\$" | head -1)"
wait $waiting || fail "the loop does not end as it should"
says said 'scancel '
no_job_is_left && fail "the jobs are gone"
# shellcheck disable=SC2046
scancel $(sed -n 's/.*to end them: scancel //p' "$work/said")
wait_until 20 no_job_is_left || fail "jobs are left: $(squeue)"
echo "relative error of two-nodes: $error; complete after $SECONDS s"
