#!/usr/bin/env bash
# Stands in for nccl_bench where the build has none: the ranks of a step meet in a folder, and rank 0
# writes a bandwidth document whose ranks are the nodes that came. It is as fast as a link of 1 GB/s and
# 100 us. A step of the nodes in FAKE_DEAD_PAIR ("n1 n3") fails, having measured nothing.
set -euo pipefail
output='' rendezvous=''
while [ $# -gt 0 ]; do
  case $1 in
    --output) output=$2; shift ;;
    --rendezvous) rendezvous=$2; shift ;;
  esac
  shift
done
meeting=$(dirname "$output")/meeting-$SLURM_JOB_ID
mkdir -p "$meeting"
echo "$SLURMD_NODENAME" > "$meeting/$SLURM_PROCID"
[ "$SLURM_PROCID" = 0 ] || exit 0
for _ in {1..100}; do
  [ "$(find "$meeting" -type f | wc -l)" -lt "$SLURM_NTASKS" ] || break
  sleep 0.1
done
mapfile -t nodes < <(cd "$meeting" && for ((i = 0; i < SLURM_NTASKS; ++i)); do cat "$i"; done)
rm -r "$meeting"
if [ "${nodes[0]} ${nodes[-1]}" = "${FAKE_DEAD_PAIR:-}" ]; then
  echo "the rank on ${nodes[-1]} did not come to $rendezvous" >&2
  exit 3
fi
ranks='' points=''
for node in "${nodes[@]}"; do
  ranks+="${ranks:+, }{\"host\": \"$node\", \"device\": \"CPU\", \"gpu\": \"CPU\", \"details\": {}}"
done
for ((bytes = 1024; bytes <= 1 << 24; bytes *= 2)); do
  microseconds=$((100 + bytes / 1000))
  points+="${points:+, }{\"bytes\": $bytes, \"time\": {\"median_s\": ${microseconds}e-6, \"n\": 20, \"p10_s\": ${microseconds}e-6, \"p90_s\": ${microseconds}e-6, \"rel_stdev\": 0}, \"wrong\": 0}"
done
cat > "$output" << END
{"schema": "sextant/bandwidth/1.0", "evidence": "measured-cpu", "tool": "nccl_bench", "backend": "gloo", "complete": true,
 "ranks": [$ranks],
 "sweeps": [{"op": "send_recv", "pattern": "pair", "world_size": 2, "ranks": [0, $((${#nodes[@]} - 1))], "level": "between_nodes",
   "gpu": "CPU", "dtype": "fp32", "points": [$points], "failures": []}],
 "provenance": {"rendezvous": "$rendezvous", "host": "$SLURMD_NODENAME", "command": "fake_nccl_bench", "git_revision": "unknown", "time": "2025-01-01T00:00:00Z"}}
END
