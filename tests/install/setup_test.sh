#!/usr/bin/env bash
# ./setup --prefix where Debian's packages are there: builds and installs below the folder, and asks neither root
# nor the network for anything. With stand-ins for the programs that it calls.
#   setup_test.sh SOURCE
set -euo pipefail
setup=$1/setup
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/programs"
stand_in() { printf '#!/bin/bash\n%s\n' "$2" > "$work/programs/$1"; chmod +x "$work/programs/$1"; }
failures=0
fail() { echo "FAILED: $*" >&2; failures=$((failures + 1)); }

stand_in dpkg-query 'printf "install ok installed"'
stand_in cmake "echo \"cache=\$SEXTANT_CACHE\" \"\$*\" >> '$work/cmake.txt'; if [ -n \"\${BROKEN:-}\" ]; then echo because; exit 1; fi"
stand_in python3 'exit 1'
for program in sudo apt-get; do stand_in $program "echo $program >> '$work/asked.txt'; exit 1"; done
run() { (cd "$work" && env -u SEXTANT_CACHE HOME="$work/home" PATH="$work/programs:/usr/bin:/bin" "$setup" "$@" > out.txt 2>&1); }

mkdir "$work/home"
run --prefix here || fail "--prefix ended with $?: $(cat "$work/out.txt")"
here=$work/here
cache=$here/var/cache/sextant
cat > "$work/expected.txt" << END
cache=$cache --preset cpu -B $cache/build -DSEXTANT_BUILD_TESTS=OFF -DSEXTANT_BUILD_BENCHMARKS=OFF
cache=$cache --build $cache/build
cache=$cache --install $cache/build --prefix $here
END
diff "$work/expected.txt" "$work/cmake.txt" >&2 || fail 'the build was called otherwise'
grep -qx "setup: installed: $here/bin/sextant" "$work/out.txt" || fail 'it does not say what was installed'
[ ! -e "$work/asked.txt" ] || fail "it asked for $(cat "$work/asked.txt")"
[ -z "$(ls -A "$work/home")" ] || fail 'it wrote outside the folder'

BROKEN=yes run "--prefix=$here" && fail 'a broken build is no error'
grep -q because "$work/out.txt" || fail 'a broken build does not show its messages'
[ "$(wc -l < "$work/cmake.txt")" -eq 4 ] || fail 'it went on after an error'
run --prefix && fail '--prefix needs a folder'
run --prefix '' && fail '--prefix needs a folder that is named'
grep -q 'needs a folder' "$work/out.txt" || fail 'it does not say that --prefix needs a folder'
exit $((failures > 0))
