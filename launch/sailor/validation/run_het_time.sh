#!/usr/bin/env bash
# run_het_time.sh [OPTION…]: holds every estimator's predictions against the published measurements:
# iteration times of OPT-350M on mixed RTX 3090, RTX 2080 and Titan RTX (figure 6).
# Leaves validation.csv, validation.json and the box plot box_time.svg in ae_results/validation/fig6, below
# the current folder, and prints the table. The artifact is SEXTANT_DATA/sailor or that of --artifact;
# further options go to sextant reproduce, as in: run_het_time.sh --measured my-runs
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
split_arguments "$@"
leave_figure fig6 time
