# shellcheck shell=bash
# To be sourced by the scripts beside it.
source "$(dirname "${BASH_SOURCE[0]}")/../../guide.sh"

# leave_figure FIGURE: plans the figure's clusters with `options`, leaves its files and prints the table.
leave_figure() {
  local sextant name status=0 files=ae_results/planner/$1/$1
  [ ${#positional[@]} -eq 0 ] || wrong_usage "expected options only, found '${positional[0]}'"
  for name in --json --csv --plot --from; do
    ! has_option $name || wrong_usage "$name is what this script gives"
  done
  sextant=$(program sextant)
  mkdir -p "${files%/*}"
  "$sextant" reproduce sailor "$1" --json --csv "$files.csv" --plot "$files.svg" "${options[@]}" \
    > "$files.json.part" || status=$?
  if [ $status -ne 0 ]; then
    rm -f "$files.json.part"
    exit $status
  fi
  mv "$files.json.part" "$files.json"
  exec "$sextant" reproduce sailor "$1" --from "$files.json"
}

# model_name: OPT or Neo, whichever the second of `positional` is.
model_name() {
  case ${positional[1]} in
    OPT-350 | OPT-350M) echo OPT ;;
    GPT-Neo-2.7 | GPT-Neo-2.7B) echo Neo ;;
    *) wrong_usage "'${positional[1]}': expected OPT-350 or GPT-Neo-2.7" ;;
  esac
}

# draw FIGURE [OPTION…]: draws what a script beside this one left of it in the first of `positional`, into
# the fourth, with `options`.
draw() {
  local sextant file=${positional[0]}/$1.json
  sextant=$(program sextant)
  if [ ! -f "$file" ]; then
    echo "$script: error: no $file; the script of figure ${1#fig} leaves it" >&2
    exit 3
  fi
  exec "$sextant" reproduce sailor "$1" --from "$file" --plot "${positional[3]}" "${@:2}" "${options[@]}"
}
