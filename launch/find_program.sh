# To be sourced: finds programs of this toolkit for the scripts beside it.

# find_program NAME: prints the path of a program: in SEXTANT_BIN where that is set, else in PATH, else
# in this checkout's build or beside the installed scripts. Returns 1 where it is nowhere.
find_program() {
  local root directory
  root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
  if [ -n "${SEXTANT_BIN:-}" ]; then
    if [ -x "$SEXTANT_BIN/$1" ]; then echo "$SEXTANT_BIN/$1"; return; fi
    return 1
  fi
  if command -v "$1"; then return; fi
  for directory in "$root/build/full/bin" "$root/build/cpu/bin" "$root/../../bin"; do
    if [ -x "$directory/$1" ]; then echo "$directory/$1"; return; fi
  done
  return 1
}
