#!/usr/bin/env bash
# Dockerfile, Apptainer definition and enroot's environment against each other and against the sources: they call
# ./setup alike, take every folder that is built from, and have every folder of scripts in PATH.
#   containers_test.sh SOURCE
set -euo pipefail
cd "$1"
failures=0
fail() { echo "FAILED: $*" >&2; failures=$((failures + 1)); }

command='/usr/src/sextant/setup --prefix /opt/sextant && rm -rf /opt/sextant/var/cache/sextant/build'
[ "$(sed -n 's/^RUN //p' Dockerfile)" = "${command/setup/setup \$\{FULL\}}" ] || fail 'Dockerfile runs another command'
[ "$(sed -n '/^%post/,/^$/p' packaging/sextant.def | sed -n '2s/^ *//p')" = "$command" ] || fail '%post runs another command'
grep -q '^VOLUME /output$' Dockerfile || fail 'no volume /output'
grep -q '^COPY \. /usr/src/sextant$' Dockerfile || fail 'the sources are not copied'

path=$(sed -n 's/^ENV PATH=//p' Dockerfile)
[ "$(sed -n 's/^ *export PATH=//p' packaging/sextant.def)" = "$path" ] || fail 'another PATH in the Apptainer definition'
[ "$(sed -n 's/^PATH=//p' packaging/enroot.env)" = "$path" ] || fail 'another PATH in enroot.env'
# Every folder of launch/ with programs, as installed; those in loop/ are the steps of loop.sh.
while read -r folder; do
  case :$path: in
    *":/opt/sextant/share/sextant/$folder:"*) ;;
    *) fail "$folder is not in PATH" ;;
  esac
done < <(find launch \( -name emit -o -name loop \) -prune -o -type f -perm -u+x -printf '%h\n' | sort -u)
if grep -vE '^(#.*|[A-Z_]+=[^ ]+)$' packaging/enroot.env; then fail 'enroot.env has lines that are no assignment'; fi

# Apptainer copies what is named, which must be all that the build needs.
for entry in */ CMakeLists.txt CMakePresets.json LICENSE README.md setup; do
  entry=${entry%/}
  case $entry in build | tests | ae_results | output) continue ;; esac
  grep -q "^    $entry /usr/src/sextant/$entry\$" packaging/sextant.def || fail "the Apptainer definition does not copy $entry"
done
while read -r entry; do
  grep -qxF -- "${entry#/}" <(sed 's|/$||' .dockerignore) || fail ".dockerignore lacks $entry"
done < <(sed -n 's|^/\(.*\)/$|\1|p' .gitignore)
exit $((failures > 0))
