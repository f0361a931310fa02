#!/usr/bin/env bash
# profile.sh MODEL DIR [OPTION…]: profiles MODEL on this machine's GPUs as the published guide does
# (fp32, AdamW, microbatches of 1, 2, 4 and 8 sequences) and leaves
# profile_<model>_<gpu>_<tp>_<mbs>.json in DIR. What DIR has already is kept. Further options go to
# profile_model, as in: profile.sh OPT-350M points --tp 1,2,4 --collectives recorded
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../../find_program.sh"
if [ $# -lt 2 ]; then
  sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" >&2
  exit 2
fi
program=$(find_program profile_model) || {
  echo "profile.sh: error: no profile_model in SEXTANT_BIN, PATH or this checkout's build" >&2
  exit 3
}
exec "$program" --model "$1" --dtype fp32 --flat --resume --out "$2" "${@:3}"
