#!/usr/bin/env bash
# What launch/loop.sh refuses before anything is measured, with programs that only exist.
#   loop_usage_test.sh SOURCE_DIR
set -euo pipefail
loop=$1/launch/loop.sh
work=$(mktemp -d /tmp/sextant-loop-XXXXXX)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir programs
for program in sextant profile_model gather_profs nccl_bench run_plan; do
  printf '#!/bin/sh\nexit 9\n' > programs/$program
  chmod +x programs/$program
done
failures=0
# refuses EXIT_CODE TEXT FLAG…
refuses() {
  local expected=$1 text=$2 found=0
  shift 2
  "$loop" --bin "$work/programs" "$@" > out 2>&1 || found=$?
  if [ $found -ne "$expected" ] || ! grep -qF -- "$text" out; then
    echo "FAILED: exit code $found, expected $expected with '$text': $*"
    cat out
    failures=$((failures + 1))
  fi
}
refuses 2 "unknown flag '--gpu'" --gpu 2
refuses 2 '--out needs a value' --out
refuses 2 "unexpected argument 'cpu'" cpu
refuses 2 '--device tpu: expected cpu or cuda' --device tpu
refuses 2 "'two': expected a number from 1" --device cpu --gpus two
refuses 2 "'1,': expected numbers, as in 1,2,4" --device cpu --mbs 1,
refuses 2 '--planned maybe' --device cpu --planned maybe
refuses 2 '--launcher mpi' --device cpu --launcher mpi
mkdir full
touch full/measured
refuses 3 'full is not empty' --device cpu --out full
refuses 3 'no such file' --device cpu --model ./nothing.json
refuses 9 'model failed with exit code 9 (see again/logs/model.txt)' --device cpu --out again
rm programs/run_plan
refuses 3 'no run_plan in SEXTANT_BIN' --device cpu --out more
[ ! -e more ] || { echo 'FAILED: something was begun'; failures=$((failures + 1)); }
exit $((failures > 0))
