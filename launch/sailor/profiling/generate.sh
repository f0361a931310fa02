#!/usr/bin/env bash
# generate.sh BASELINE GPU_TYPE GPUS_PER_NODE [FILE] [-o DIR] [OPTION…]: writes the profile files of
# a baseline (aceso, amp, flashflex, galvatron, metis, piper, sailor or varuna; case does not matter)
# for a GPU type from FILE: a profile database or point document of ours, or a directory of them; by
# default the profiles that ship with the toolkit. DIR is baselines by default.
# Further options go to sextant profile export, as in: generate.sh AMP H200-141 8 --model OPT-350M
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
split_arguments "$@"
if [ ${#positional[@]} -lt 3 ] || [ ${#positional[@]} -gt 4 ]; then
  wrong_usage "expected BASELINE, GPU_TYPE, GPUS_PER_NODE and perhaps FILE"
fi
options+=(--gpu "${positional[1]}" --gpus-per-node "${positional[2]}")
export_to "${positional[0],,}" "${positional[@]:3}"
