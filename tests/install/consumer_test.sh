#!/usr/bin/env bash
# Installs a build into an empty prefix, moves that, and has another project find, link and use it. The program
# plans there too.
#   consumer_test.sh BUILD SOURCE
set -euo pipefail

build=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/first" > "$work/install.log"
mv "$work/first" "$work/prefix"

if grep -rIl -e "$build" -e "$source" "$work/prefix"; then
  echo "the files above know where they were built" >&2
  exit 1
fi

cmake -G Ninja -S "$source/tests/install/consumer" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/prefix" \
  > "$work/configure.log" || { cat "$work/configure.log"; exit 1; }
cmake --build "$work/build"
data=$work/prefix/share/sextant
job=(--cluster "$data/profiles/clusters/two-types.json" --job "$data/profiles/jobs/opt-350m.json")
expected=$("$build/bin/sextant" plan "${job[@]}" | grep -o '^[0-9.]* iterations/s')
for program in plan_a_job link_all; do
  printed=$("$work/build/$program")
  if [ "$printed" != "$expected" ]; then
    echo "$program printed '$printed', not '$expected'" >&2
    exit 1
  fi
done

# Scripts find the programs that they were installed with.
# shellcheck disable=SC2016
found=$(PATH=/usr/bin:/bin bash -c '. "$1/launch/find_program.sh"; find_program sextant' - "$data")
[ "$(realpath "$found")" = "$work/prefix/bin/sextant" ] || { echo "found $found" >&2; exit 1; }
"$found" plan "${job[@]}" > "$work/plan.txt"
grep -q "^$expected" "$work/plan.txt"
