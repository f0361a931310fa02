#!/usr/bin/env bash
# run_het_opt.sh [OPTION…]: plans OPT-350M on as many V100 as A100
# with every planner, judged by every estimator (figure 8a).
# Leaves fig8a.json, fig8a.csv and the bar chart fig8a.svg in ae_results/planner/fig8a, below the current
# folder, and prints the table. The artifact is SEXTANT_DATA/sailor or that of --artifact; further options
# go to sextant reproduce, as in: run_het_opt.sh --estimator sailor --max-evaluations 100000
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
split_arguments "$@"
leave_figure fig8a
