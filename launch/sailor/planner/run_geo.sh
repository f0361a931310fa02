#!/usr/bin/env bash
# run_geo.sh [OPTION…]: plans OPT-350M on A100 in five zones
# with every planner, judged by every estimator (figure 10).
# Leaves fig10.json, fig10.csv and the bar chart fig10.svg in ae_results/planner/fig10, below the current
# folder, and prints the table. The artifact is SEXTANT_DATA/sailor or that of --artifact; further options
# go to sextant reproduce, as in: run_geo.sh --estimator sailor --max-evaluations 100000
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
split_arguments "$@"
leave_figure fig10
