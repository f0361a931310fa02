#!/usr/bin/env bash
# A step of launch/loop.sh that needs no GPU: predicted against measured, as a table on stdout, documents
# and a page.
#   compare.sh SETTING…
# Exit code 5 where not all of what should have run was measured.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
source "$loop_folder/step.sh"
begin_step "$@"
sextant=$(program sextant)

# The inputs are still the same, and so are the predictions. Processes that run several plans hold what
# each of them left: their memory is no plan's.
inputs=(--cluster "$out/cluster.json" --job "$out/job.json" --profiles "$out/db")
compare=("$sextant" validate --measured "$out/measured" "${inputs[@]}" --estimator "$estimator")
if [ "$(find "$out/measured" -name '*.json' | wc -l)" -gt 1 ]; then compare+=(--quantity time); fi
note "${compare[@]}" --json
"${inside[@]}" "${compare[@]}" --json > "$out/validation.json.part" 2> "$out/logs/validate.txt" \
  || { status=$?; give_up validate; }
mv -- "$out/validation.json.part" "$out/validation.json"
succeed validation "${compare[@]}" --plot "$out/errors.svg" --csv "$out/validation.csv"

# A page is good to have; the loop does not end for want of it.
if "${inside[@]}" "$sextant" report --help > /dev/null 2>&1; then
  documents=("$out/validation.json")
  for document in "$out"/{plans,predictions,measured,bandwidth}/*.json "$out"/{bandwidth,cluster}.json "$out"/db/*/*/*.json; do
    if [ -s "$document" ]; then documents+=("$document"); fi
  done
  attempt report "$sextant" report "${documents[@]}" -o "$out/report.html"
  if [ "$status" -ne 0 ]; then echo "loop.sh: warning: no report.html (see $out/logs/report.txt)" >&2; fi
fi

cat "$out/logs/validation.txt"
partial=no
while read -r name; do
  measured=$out/measured/$name.json
  if [ ! -s "$measured" ] || grep -q '^  "incomplete":' "$measured"; then
    echo "loop.sh: warning: plan $name was not measured to the end" >&2
    partial=yes
  fi
done < "$out/to_run.txt"
if [ $partial = yes ]; then exit 5; fi
