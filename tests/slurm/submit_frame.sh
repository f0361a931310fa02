# shellcheck shell=bash
# To be sourced by tests of what a script hands to sbatch: an empty folder, an sbatch that only writes down
# what it gets (or, with FAKE_REFUSAL, refuses), and checks that count `failures`.

work=$(mktemp -d /tmp/sextant-submit-XXXXXX)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit
mkdir fake programs
cat > fake/sbatch << 'END'
#!/usr/bin/env bash
printf '<%s>' "$@" >> "$SBATCH_LOG"
echo >> "$SBATCH_LOG"
if [ -n "${FAKE_REFUSAL:-}" ]; then echo "sbatch: error: $FAKE_REFUSAL" >&2; exit 1; fi
echo "$((40 + $(wc -l < "$SBATCH_LOG")));cluster"
END
chmod +x fake/sbatch
export PATH=$work/fake:$PATH SBATCH_LOG=$work/log
failures=0

# submit_with SCRIPT EXIT_CODE FLAG…: runs the script; its output lies in out and err, what sbatch got in
# log.
submit_with() {
  local script=$1 expected=$2 found=0
  shift 2
  : > log
  "$script" "$@" > out 2> err || found=$?
  if [ $found -ne "$expected" ]; then
    echo "FAILED: exit code $found, expected $expected: $*"
    cat err
    failures=$((failures + 1))
  fi
}
# has FILE TEXT
has() {
  if ! grep -qF -- "$2" "$1"; then
    echo "FAILED: $1 has no $2:"
    cat "$1"
    failures=$((failures + 1))
  fi
}
# has_not FILE TEXT
has_not() {
  if grep -qF -- "$2" "$1"; then
    echo "FAILED: $1 has $2"
    failures=$((failures + 1))
  fi
}
# is NAME FOUND EXPECTED
is() {
  if [ "$2" != "$3" ]; then
    echo "FAILED: $1 is '$2', expected '$3'"
    failures=$((failures + 1))
  fi
}
