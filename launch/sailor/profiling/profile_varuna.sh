#!/usr/bin/env bash
# profile_varuna.sh MODEL DIR [OPTION…]: measures on this machine's GPUs what Varuna needs of MODEL:
# times, and the peak memory of each layer alone, at microbatches of 1, 2, 4 and 8 sequences. Leaves
# profile_<model>_<gpu>_<tp>_<mbs>.json in DIR and keeps what DIR has already. Further options go to
# profile_model, as in: profile_varuna.sh OPT-350M points --tp 1,2,4 --collectives recorded
# The data type is fp32 unless --dtype says otherwise. Then: generate_varuna.sh DIR
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
split_arguments "$@"
[ ${#positional[@]} -eq 2 ] || wrong_usage "expected MODEL and DIR, found ${#positional[@]} of them"
options+=(--no-operators)
profile "${positional[@]}"
