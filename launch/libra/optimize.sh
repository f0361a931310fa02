#!/usr/bin/env bash
# optimize.sh 2D|3D|4D BW 17B|175B|1T|Group Perf|PerfPerCost NoOverlap|Overlap [OPTION…]: divides BW GB/s of
# each NPU over the dimensions of a network of the artifact, for the time of a training step or for time ×
# cost, and prints the bandwidth of each dimension, time and cost. The artifact is SEXTANT_DATA/libra or that
# of --artifact DIR; further options go to sextant topo optimize, as in:
#   optimize.sh 4D 325 175B Perf NoOverlap --constraint 'B3 <= 5' --json
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../guide.sh"
split_arguments "$@"
[ ${#positional[@]} -eq 5 ] || wrong_usage "expected a network, a bandwidth, a workload, a target and a loop"
one_of "${positional[0]}" "a network" 2D 3D 4D
one_of "${positional[2]}" "a workload" 17B 175B 1T Group
one_of "${positional[3]}" "a target" Perf PerfPerCost
one_of "${positional[4]}" "a loop" NoOverlap Overlap
refuse_options --network --prices --workload --total-gb-per-s --target --loop
take_artifact libra
workloads=("${positional[2]}")
[ "${workloads[0]}" != Group ] || workloads=(17B 175B 1T)
words=()
for workload in "${workloads[@]}"; do
  words+=(--workload "$artifact/optimizer/workload/transformer_$workload.txt")
done
sextant=$(program sextant)
exec "$sextant" topo optimize --network "$artifact/optimizer/network/${positional[0],,}.json" \
  --prices "$artifact/optimizer/cost/cost.json" "${words[@]}" --total-gb-per-s "${positional[1]}" \
  --target "${positional[3]}" --loop "${positional[4]}" "${options[@]}"
