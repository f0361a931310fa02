#!/usr/bin/env bash
# run_fig11.sh [OPTION…]: plans OPT-350M on A100 and V100 in two zones, as cheap as 0.2 iterations/s allow,
# with every planner, judged by every estimator (figure 11).
# Leaves fig11.json, fig11.csv and the bar chart fig11.svg in ae_results/planner/fig11, below the current
# folder, and prints the table. The artifact is SEXTANT_DATA/sailor or that of --artifact; further options
# go to sextant reproduce, as in: run_fig11.sh --estimator sailor --max-evaluations 100000
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
split_arguments "$@"
leave_figure fig11
