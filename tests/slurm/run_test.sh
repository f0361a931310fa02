#!/usr/bin/env bash
# The Slurm scripts on a real slurmctld with two nodes on this machine: a sweep of four points as a job
# array, one of which loses its rank half-way; gathered with a gap; submitted again, and then complete.
#   run_test.sh SOURCE_DIR BIN_DIR RANK_PROGRAM
set -euo pipefail
source_dir=$1 bin=$2 rank_program=$3

source "$(dirname "${BASH_SOURCE[0]}")/slurm_on_one_machine.sh"

# submit: sets array and gather.
submit() {
  local ids
  ids=$("$source_dir/slurm/profile_model.sh" --partition gpu --time 5 --gres gpu:1 --bin "$bin" \
    --db "$work/database of the test" -- --model "$source_dir/tests/profiler/sweep/tiny_model.json" \
    --device cpu --tp 1,2 --mbs 1,2 --time-limit 2 --point-timeout 60 --max-noise 0.000001 \
    --out "$work/points" --rank-program "$rank_program") || fail "the sweep is not submitted"
  read -r _ array _ gather <<< "${ids//$'\n'/ }"
  echo "submitted: array $array, gather $gather"
}

# The rank of the last point (tp 2, microbatch 2), which is the last task's only one.
victim() {
  local process
  for process in $(pgrep -f -- '--shard 3/4'); do pgrep -P "$process" && return; done
  return 1
}
is_measuring() { grep -q 'measuring fp32, tp 2, microbatch 2' "$work"/points/slurm/profile_model-*_3.out 2> /dev/null; }

statuses() { cat "$work/points"/fp32/seq32/profile_*.json | grep -c "\"status\": \"$1\"" || true; }

# Half-written files would be found by their temporary names.
check_no_leftovers() { [ -z "$(find "$work/points" -name '.sextant-*')" ] || fail "half-written files"; }

start_munge
start_slurm 2
echo "slurmctld and two slurmd run after $SECONDS s"

export FAKE_RANK='slow:3000'  # of the made-up rank; a real one measures for its time limit
submit
wait_until 30 is_measuring || fail "the last point does not begin"
sleep 0.3
kill -9 "$(victim | head -1)" || fail "no rank to kill"
wait_until 40 has_ended "$gather" || fail "the gathering job does not end"
[ "$(statuses ok)" = 3 ] || fail "$(statuses ok) points are ok, expected 3"
[ "$(statuses error)" = 1 ] || fail "$(statuses error) points failed, expected 1"
grep -q 'was killed by signal 9' "$work/points/fp32/seq32/profile_tiny_CPU_2_2.json" || fail "the killed point does not say why"
[ "$(exit_code "$gather")" = 5 ] || fail "gathering with a failed point ends with $(exit_code "$gather"), expected 5"
check_no_leftovers
echo "one point was killed, three are gathered after $SECONDS s"

unset FAKE_RANK
submit
wait_until 40 has_ended "$gather" || fail "the second gathering job does not end"
[ "$(statuses ok)" = 4 ] || fail "$(statuses ok) points are ok after the second submission, expected 4"
for task in 0 1 2; do
  grep -q '1 of 1 points are there already' "$work/points/slurm/profile_model-${array}_$task.out" || fail "task $task measured again"
done
[ "$(exit_code "$gather")" = 0 ] || fail "gathering ends with $(exit_code "$gather"), expected 0"
database="$work/database of the test/tiny/CPU/profile.json"
[ "$(grep -c '"status": "ok"' "$database")" -ge 4 ] || fail "the database is not complete"
"$bin/gather_profs" --model-name tiny --gpu-type CPU --profile-dir "$work/points" --db "$work/again" \
  --json > "$work/gathered.json" || fail "the points do not gather"
grep -q '"gaps": 0' "$work/gathered.json" || fail "the grid has gaps"
check_no_leftovers
echo "complete after $SECONDS s"
