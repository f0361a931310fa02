#!/usr/bin/env bash
# plot.sh small|full fig12|fig13|fig14|fig15 [OPTION…]: draws a figure from what evaluate.sh left, without
# simulating anything again, and prints its table. Leaves <figure>.svg and <figure>.csv in output/graph_small
# or output/graph_full, below the current folder. Figure 15 needs the full set.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../guide.sh"
split_arguments "$@"
[ ${#positional[@]} -eq 2 ] || wrong_usage "expected small or full, and a figure"
set_name=${positional[0]}
figure=${positional[1]}
one_of "$set_name" "a set" small full
one_of "$figure" "a figure" fig12 fig13 fig14 fig15
if [ "$set_name $figure" = "small fig15" ]; then
  wrong_usage "figure 15 shows workloads on networks that were divided for others; the small set has 17B only"
fi
refuse_options --json --csv --from --plot --set
file=output/$set_name/evaluation.json
sextant=$(program sextant)
if [ ! -f "$file" ]; then
  echo "$script: error: no $file; evaluate.sh $set_name leaves it" >&2
  exit 3
fi
files=output/graph_$set_name/$figure
mkdir -p "${files%/*}"
exec "$sextant" reproduce libra "$figure" --from "$file" --csv "$files.csv" --plot "$files.svg" "${options[@]}"
