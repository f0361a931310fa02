#!/usr/bin/env bash
# run_homogeneous.sh [OPTION…]: plans OPT-350M on 32, 80 and 128 A100
# with every planner, judged by every estimator (figure 7).
# Leaves fig7.json, fig7.csv and the bar chart fig7.svg in ae_results/planner/fig7, below the current
# folder, and prints the table. The artifact is SEXTANT_DATA/sailor or that of --artifact; further options
# go to sextant reproduce, as in: run_homogeneous.sh --estimator sailor --max-evaluations 100000
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
split_arguments "$@"
leave_figure fig7
