#!/usr/bin/env bash
# The Slurm scripts on a real slurmctld with two nodes on this machine: a sweep of four points as a job
# array, one of which loses its rank half-way; gathered with a gap; submitted again, and then complete.
#   run_test.sh SOURCE_DIR BIN_DIR RANK_PROGRAM
# Skips (77) where Slurm's daemons are absent or this is not root. Everything lives in a temporary
# folder, and every daemon that is started here is stopped at the end by its id.
set -euo pipefail
source_dir=$1 bin=$2 rank_program=$3

skip() { echo "skipped: $1"; exit 77; }
fail() { echo "FAILED: $1"; exit 1; }
if [ "$(id -u)" -ne 0 ]; then skip "Slurm's daemons need root"; fi
for program in slurmctld slurmd sbatch scontrol munged munge; do
  command -v $program > /dev/null || skip "no $program (./setup --full installs slurm-wlm and munge)"
done

work=$(mktemp -d /tmp/sextant-slurm-XXXXXX)
chmod 755 "$work"
pids=()
finish() {
  local status=$? pid
  if [ $status -ne 0 ] && [ $status -ne 77 ]; then
    tail -n 40 "$work"/log/*.log "$work"/points/slurm/*.out 2> /dev/null || true
  fi
  for pid in "${pids[@]}"; do kill "$pid" 2> /dev/null || true; done
  for pid in "${pids[@]}"; do
    for _ in {1..50}; do kill -0 "$pid" 2> /dev/null || break; sleep 0.1; done
    kill -9 "$pid" 2> /dev/null || true
  done
  rm -rf "$work"
}
trap finish EXIT

# wait_until SECONDS COMMAND…: till the command succeeds.
wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    if [ $SECONDS -ge $end ]; then return 1; fi
    sleep 0.2
  done
}

start_munge() {
  if munge -n < /dev/null > /dev/null 2>&1; then return; fi
  # A key and a socket of our own: nothing of the machine is touched.
  mkdir -m 755 "$work/munge"
  (umask 077 && head -c 1024 /dev/urandom > "$work/munge/key")
  munge_socket=$work/munge/socket
  munged --socket="$munge_socket" --key-file="$work/munge/key" --pid-file="$work/munge/pid" \
    --log-file="$work/munge/log" --seed-file="$work/munge/seed" --force 2> /dev/null \
    || skip "munged cannot be started"
  pids+=("$(cat "$work/munge/pid")")
}

start_slurm() {
  mkdir -p "$work"/{state,spool,log}
  for i in 0 1 2 3; do : > "$work/gpu$i"; done
  local port=$((20000 + $$ % 9000))
  local host
  host=$(hostname)
  echo "NodeName=n[1-2] Name=gpu File=$work/gpu[0-3]" > "$work/gres.conf"
  cat > "$work/slurm.conf" << END
ClusterName=sextant
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
${munge_socket:+AuthInfo=socket=$munge_socket}
CredType=cred/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool/%n
SlurmctldPidFile=$work/ctld.pid
SlurmdPidFile=$work/%n.pid
SlurmctldLogFile=$work/log/ctld.log
SlurmdLogFile=$work/log/%n.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MpiDefault=none
KillWait=2
GresTypes=gpu
NodeName=n[1-2] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((port + 1))-$((port + 2))] CPUs=1 Gres=gpu:4 State=UNKNOWN
PartitionName=gpu Nodes=n[1-2] Default=YES MaxTime=INFINITE State=UP
END
  export SLURM_CONF=$work/slurm.conf
  slurmctld -c || fail "slurmctld does not start"
  wait_until 10 test -s "$work/ctld.pid" || fail "slurmctld wrote no process id"
  pids+=("$(cat "$work/ctld.pid")")
  local node
  for node in n1 n2; do
    slurmd -N $node || fail "slurmd of $node does not start"
    wait_until 10 test -s "$work/$node.pid" || fail "slurmd of $node wrote no process id"
    pids+=("$(cat "$work/$node.pid")")
  done
  wait_until 20 nodes_are_idle || fail "the nodes do not become idle: $(sinfo 2>&1)"
}
nodes_are_idle() { [ "$(sinfo -h -o '%T %D' 2> /dev/null)" = 'idle 2' ]; }

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

job_state() { scontrol show job "$1" 2> /dev/null | sed -n 's/^ *JobState=\([A-Z_]*\).*/\1/p' | head -1; }
has_ended() { [[ $(job_state "$1") =~ ^(COMPLETED|FAILED|CANCELLED|TIMEOUT)$ ]]; }
exit_code() { scontrol show job "$1" | sed -n 's/.*ExitCode=\([0-9]*\):.*/\1/p' | head -1; }

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

munge_socket=''
start_munge
start_slurm
echo "slurmctld and two slurmd run after $SECONDS s"

export FAKE_RANK='slow:3000'  # of the made-up rank; a real one measures for its time limit
submit
wait_until 30 is_measuring || fail "the last point does not begin"
sleep 0.3
kill -9 $(victim | head -1) || fail "no rank to kill"
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
