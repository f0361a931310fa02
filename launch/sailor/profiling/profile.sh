#!/usr/bin/env bash
# profile.sh MODEL DIR [OPTION…]: profiles MODEL on this machine's GPUs as the published guide does
# (fp32 unless --dtype says otherwise, AdamW, microbatches of 1, 2, 4 and 8 sequences) and leaves
# profile_<model>_<gpu>_<tp>_<mbs>.json in DIR. What DIR has already is kept.
# Further options go to profile_model, as in:
# profile.sh OPT-350M points --tp 1,2,4 --collectives recorded
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
split_arguments "$@"
[ ${#positional[@]} -eq 2 ] || wrong_usage "expected MODEL and DIR, found ${#positional[@]} of them"
profile "${positional[@]}"
