#!/usr/bin/env bash
# process_results.sh RESULTS OUT: turns the measured documents that runs left in RESULTS, and below it,
# into the validation set OUT, a new folder with one document a run, and prints them. Runs that ended
# early and figures that repeat are marked, none is left out. Then, in place of the published runs:
# sextant reproduce sailor fig5b --measured OUT
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../../guide.sh"
split_arguments "$@"
[ ${#positional[@]} -eq 2 ] || wrong_usage "expected RESULTS and OUT, found ${#positional[@]} of them"
sextant=$(program sextant)
exec "$sextant" measured "${positional[0]}" --output "${positional[1]}" "${options[@]}"
