# shellcheck shell=bash
# To be sourced by the scripts of the guide: their arguments, their help, and the programs they start.
source "$(dirname "${BASH_SOURCE[0]}")/find_program.sh"

script=$(basename "$0")

# The comment at the head of the script that was started.
usage() {
  sed -n '2,/^[^#]/{/^[^#]/d;s/^# \{0,1\}//;p}' "$0"
}

wrong_usage() {
  echo "$script: error: $1" >&2
  usage >&2
  exit 2
}

# program NAME: its path, or exit 3.
program() {
  find_program "$1" || {
    echo "$script: error: no $1 in SEXTANT_BIN, PATH or this checkout's build" >&2
    exit 3
  }
}

# split_arguments ARGUMENT…: what comes before the first option goes to `positional`, the rest to
# `options`. Prints the help and ends the script for --help.
split_arguments() {
  positional=()
  options=()
  while [ $# -gt 0 ] && [ "${1#-}" = "$1" ]; do
    positional+=("$1")
    shift
  done
  options=("$@")
  if has_option -h || has_option --help; then
    usage
    exit 0
  fi
}

# has_option NAME: whether `options` has it, with its value behind it or after an equals sign.
has_option() {
  local option
  for option in "${options[@]}"; do
    case $option in "$1" | "$1"=*) return 0 ;; esac
  done
  return 1
}

# default_option NAME VALUE: adds it to `options` where it is not there.
default_option() {
  has_option "$1" || options+=("$1" "$2")
}

# take_artifact SYSTEM: takes --artifact DIR out of `options` into `artifact`; without it, that is
# SEXTANT_DATA/SYSTEM.
take_artifact() {
  local rest=()
  artifact=${SEXTANT_DATA:+$SEXTANT_DATA/$1}
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
