# shellcheck shell=bash
# To be sourced by the scripts beside it.
source "$(dirname "${BASH_SOURCE[0]}")/../../guide.sh"

# leave_figure FIGURE mem|time: predicts the figure's runs with `options`, leaves its files and prints
# the table.
leave_figure() {
  local sextant name status=0 folder=ae_results/validation/$1
  [ ${#positional[@]} -eq 0 ] || wrong_usage "expected options only, found '${positional[0]}'"
  for name in --json --csv --plot; do
    ! has_option $name || wrong_usage "$name is what this script gives"
  done
  sextant=$(program sextant)
  mkdir -p "$folder"
  "$sextant" reproduce sailor "$1" --json --no-timing --csv "$folder/validation.csv" \
    --plot "$folder/box_$2.svg" "${options[@]}" > "$folder/validation.json.part" || status=$?
  # 5: some rows have no prediction, and say so.
  if [ $status -ne 0 ] && [ $status -ne 5 ]; then
    rm -f "$folder/validation.json.part"
    exit $status
  fi
  mv "$folder/validation.json.part" "$folder/validation.json"
  exec "$sextant" validate --from "$folder/validation.json"
}
