#!/usr/bin/env bash
# Plans with a build for aarch64 in qemu, and holds the bytes that it prints against those of a build for this machine.
#   aarch64_test.sh BUILD_FOR_AARCH64 BUILD SOURCE
# Exit 77, skipped: no qemu-aarch64-static.
set -euo pipefail
there=$1 here=$2 source=$3
sysroot=${SEXTANT_CACHE:-$HOME/.cache/sextant}/aarch64
command -v qemu-aarch64-static > /dev/null || { echo 'skipped: no qemu-aarch64-static'; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

job=(--cluster "$source/profiles/clusters/two-types.json" --job "$source/profiles/jobs/opt-350m.json")
qemu=(qemu-aarch64-static -L "$sysroot" -E "LD_LIBRARY_PATH=$sysroot/usr/lib/aarch64-linux-gnu")
# All planners but flashflex: METIS with 64-bit indices is not built for aarch64, and Debian's finds other plans.
planners=sextant,sailor,amp,varuna,piper,galvatron,aceso,metis,dtfm,atlas
for arguments in "plan --planner $planners --json --no-timing" 'model show OPT-350M'; do
  read -ra words <<< "$arguments"
  if [ "${words[0]}" = plan ]; then words+=("${job[@]}"); fi
  "$here/bin/sextant" "${words[@]}" > "$work/here" 2> "$work/notes"
  "${qemu[@]}" "$there/bin/sextant" "${words[@]}" > "$work/there" 2> "$work/notes" || { cat "$work/notes" >&2; exit 1; }
  cmp "$work/here" "$work/there"
  echo "the same $(stat -c %s "$work/here") bytes: sextant $arguments"
done
