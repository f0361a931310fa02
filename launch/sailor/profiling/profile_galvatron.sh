#!/usr/bin/env bash
# profile_galvatron.sh MODEL DIR [OPTION…]: measures on this machine's GPUs what Galvatron needs of
# MODEL: times and memory of one sequence at every tensor degree that the GPUs allow. Leaves
# profile_<model>_<gpu>_<tp>_1.json in DIR and keeps what DIR has already. Further options go to
# profile_model, as in: profile_galvatron.sh OPT-350M points --tp 1,2,4 --collectives recorded
# The data type is fp32 unless --dtype says otherwise. Then: generate_galvatron.sh DIR
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
split_arguments "$@"
[ ${#positional[@]} -eq 2 ] || wrong_usage "expected MODEL and DIR, found ${#positional[@]} of them"
options+=(--no-operators)
default_option --mbs 1
profile "${positional[@]}"
