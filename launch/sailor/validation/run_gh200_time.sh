#!/usr/bin/env bash
# run_gh200_time.sh [OPTION…]: holds every estimator's predictions against the published measurements:
# iteration times of OPT-350M on 1 to 32 nodes of four GH200 (figure 5b).
# Leaves validation.csv, validation.json and the box plot box_time.svg in ae_results/validation/fig5b, below
# the current folder, and prints the table. The artifact is SEXTANT_DATA/sailor or that of --artifact;
# further options go to sextant reproduce, as in: run_gh200_time.sh --measured my-runs
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
split_arguments "$@"
leave_figure fig5b time
