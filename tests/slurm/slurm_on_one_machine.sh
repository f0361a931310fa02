# shellcheck shell=bash
# To be sourced by the tests beside it: a real slurmctld with the nodes n1, n2 … on this machine. All
# lives in the temporary folder `work`, and every daemon that is started is stopped at the end by its
# id. Skips (77) where Slurm's daemons are absent or this is not root.

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
    tail -n 40 "$work"/log/*.log "$work"/*/slurm/*.out 2> /dev/null || true
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

munge_socket=''
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

# on_host NAME COMMAND…: becomes the command, which finds itself on a machine of this name where the kernel
# lets us.
on_host() {
  # shellcheck disable=SC2016
  if unshare --uts true 2> /dev/null; then
    unshare --uts bash -c 'hostname "$1" && shift && exec "$@"' host "$@"
  else
    "${@:2}"
  fi
}

# start_slurm NODES [CPUS]: so many nodes of four "gpu" each, with as many CPUs, whatever there are.
start_slurm() {
  nodes=$1
  local cpus=${2:-1}
  mkdir -p "$work"/{state,spool,log}
  for i in 0 1 2 3; do : > "$work/gpu$i"; done
  local port=$((20000 + $$ % 9000))
  local host
  host=$(hostname)
  echo "NodeName=n[1-$nodes] Name=gpu File=$work/gpu[0-3]" > "$work/gres.conf"
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
SlurmdParameters=config_overrides
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
NodeName=n[1-$nodes] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((port + 1))-$((port + nodes))] CPUs=$cpus Gres=gpu:4 State=UNKNOWN
PartitionName=gpu Nodes=n[1-$nodes] Default=YES MaxTime=INFINITE State=UP
END
  export SLURM_CONF=$work/slurm.conf
  slurmctld -c || fail "slurmctld does not start"
  wait_until 10 test -s "$work/ctld.pid" || fail "slurmctld wrote no process id"
  pids+=("$(cat "$work/ctld.pid")")
  local node
  for node in $(seq -f n%.0f "$nodes"); do
    on_host "$node" slurmd -N "$node" || fail "slurmd of $node does not start"
    wait_until 10 test -s "$work/$node.pid" || fail "slurmd of $node wrote no process id"
    pids+=("$(cat "$work/$node.pid")")
  done
  wait_until 20 nodes_are_idle || fail "the nodes do not become idle: $(sinfo 2>&1)"
}
nodes_are_idle() { [ "$(sinfo -h -o '%T %D' 2> /dev/null)" = "idle $nodes" ]; }

job_state() { scontrol show job "$1" 2> /dev/null | sed -n 's/^ *JobState=\([A-Z_]*\).*/\1/p' | head -1; }
has_ended() { [[ $(job_state "$1") =~ ^(COMPLETED|FAILED|CANCELLED|TIMEOUT)$ ]]; }
exit_code() { scontrol show job "$1" | sed -n 's/.*ExitCode=\([0-9]*\):.*/\1/p' | head -1; }
