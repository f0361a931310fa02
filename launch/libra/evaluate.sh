#!/usr/bin/env bash
# evaluate.sh small|full [OPTION…]: simulates the training steps of the artifact's evaluation on its networks,
# and beside its best divisions of bandwidth ours; small is 17B on two dimensions (31 steps), full everything
# (552). Leaves evaluation.json and evaluation.csv in output/small or output/full, below the current folder,
# where plot.sh finds them, and prints the table. The artifact is SEXTANT_DATA/libra or that of --artifact DIR.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../guide.sh"
split_arguments "$@"
[ ${#positional[@]} -eq 1 ] || wrong_usage "expected small or full"
set_name=${positional[0]}
one_of "$set_name" "a set" small full
refuse_options --json --csv --from --set
take_artifact libra
sextant=$(program sextant)
files=output/$set_name/evaluation
mkdir -p "${files%/*}"
status=0
"$sextant" reproduce libra evaluation --set "$set_name" --artifact "$artifact" --json --csv "$files.csv" \
  "${options[@]}" > "$files.json.part" || status=$?
if [ $status -ne 0 ]; then
  rm -f "$files.json.part"
  exit $status
fi
mv "$files.json.part" "$files.json"
exec "$sextant" reproduce libra evaluation --from "$files.json"
