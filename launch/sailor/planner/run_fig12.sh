#!/usr/bin/env bash
# run_fig12.sh [OPTION…]: plans OPT-350M on A100 and V100 in two zones, as fast as 1.2 USD per iteration allow,
# with every planner, judged by every estimator (figure 12).
# Leaves fig12.json, fig12.csv and the bar chart fig12.svg in ae_results/planner/fig12, below the current
# folder, and prints the table. The artifact is SEXTANT_DATA/sailor or that of --artifact; further options
# go to sextant reproduce, as in: run_fig12.sh --estimator sailor --max-evaluations 100000
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
split_arguments "$@"
leave_figure fig12
