# shellcheck shell=bash
# To be sourced by the scripts beside it.
source "$(dirname "${BASH_SOURCE[0]}")/../../guide.sh"

# profile MODEL DIR: measures into DIR with `options`; what is there already is kept.
profile() {
  local profile_model
  profile_model=$(program profile_model)
  default_option --dtype fp32
  exec "$profile_model" --model "$1" --flat --resume --out "$2" "${options[@]}"
}

# export_to FORMAT [FILE]: writes what FILE has (the shipped profiles by default) in the baseline's
# format, with `options`.
export_to() {
  local sextant
  sextant=$(program sextant)
  has_option -o || default_option --output baselines
  exec "$sextant" profile export --to "$@" "${options[@]}"
}
