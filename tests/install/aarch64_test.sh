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
qemu=(qemu-aarch64-static -L /usr/aarch64-linux-gnu -E "LD_LIBRARY_PATH=$sysroot/usr/lib/aarch64-linux-gnu")
for arguments in 'plan --planner sailor --json --no-timing' 'model show OPT-350M'; do
  read -ra words <<< "$arguments"
  if [ "${words[0]}" = plan ]; then words+=("${job[@]}"); fi
  "$here/bin/sextant" "${words[@]}" > "$work/here" 2> "$work/notes"
  "${qemu[@]}" "$there/bin/sextant" "${words[@]}" > "$work/there" 2> "$work/notes" || { cat "$work/notes" >&2; exit 1; }
  cmp "$work/here" "$work/there"
  echo "the same $(stat -c %s "$work/here") bytes: sextant $arguments"
done
