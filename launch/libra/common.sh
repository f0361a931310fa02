# shellcheck shell=bash
# To be sourced by the scripts beside it.
source "$(dirname "${BASH_SOURCE[0]}")/../guide.sh"

# take_artifact: takes --artifact DIR out of `options` into `artifact`; without it, that is SEXTANT_DATA/libra.
take_artifact() {
  local rest=()
  artifact=${SEXTANT_DATA:+$SEXTANT_DATA/libra}
  set -- "${options[@]}"
  while [ $# -gt 0 ]; do
    case $1 in
      --artifact)
        [ $# -gt 1 ] || wrong_usage "--artifact: expected a directory"
        artifact=$2
        shift
        ;;
      --artifact=*) artifact=${1#*=} ;;
      *) rest+=("$1") ;;
    esac
    shift
  done
  options=("${rest[@]}")
  [ -n "$artifact" ] || wrong_usage "expected --artifact DIR, or SEXTANT_DATA, the directory of the artifacts"
}

# one_of NAME WHAT WORD…: NAME must be among the words.
one_of() {
  local name=$1 what=$2 word
  shift 2
  for word in "$@"; do
    [ "$name" != "$word" ] || return 0
  done
  wrong_usage "'$name': expected $what, one of: $*"
}

# refuse_options OPTION…: those that the script gives.
refuse_options() {
  local name
  for name in "$@"; do
    ! has_option "$name" || wrong_usage "$name is what this script gives"
  done
}
