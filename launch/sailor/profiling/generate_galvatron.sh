#!/usr/bin/env bash
# generate_galvatron.sh [FILE] [-o DIR] [OPTION…]: writes Galvatron's compute_profile.json and
# memory_profile.json, below DIR/Galvatron/profiles/<model>/<gpu>, and the GPU type's overlap
# coefficients, from FILE: a profile database or point document of ours, or a directory of them; by
# default the profiles that ship with the toolkit. DIR is baselines by default.
# Further options go to sextant profile export, as in:
# generate_galvatron.sh points --model OPT-350M --overlap-coefficient 1.3
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
split_arguments "$@"
[ ${#positional[@]} -le 1 ] || wrong_usage "expected at most one FILE, found ${#positional[@]}"
export_to galvatron "${positional[@]}"
