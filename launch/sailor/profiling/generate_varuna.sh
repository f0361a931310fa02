#!/usr/bin/env bash
# generate_varuna.sh FILE [-o DIR] [OPTION…]: writes Varuna's profile_<tp>.json, below
# DIR/Varuna/profiles/<model>/<gpu>, from FILE: a profile database or point document of ours, or a
# directory of them. DIR is baselines by default. Further options go to
# sextant profile export, as in: generate_varuna.sh points --model OPT-350M --variant fp32
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
split_arguments "$@"
[ ${#positional[@]} -eq 1 ] || wrong_usage "expected FILE, found ${#positional[@]} of them"
export_to varuna "${positional[0]}"
