#!/usr/bin/env bash
# run_het_opt_imbalanced.sh [OPTION…]: plans OPT-350M on three times as many V100 as A100
# with every planner, judged by every estimator (figure 8b).
# Leaves fig8b.json, fig8b.csv and the bar chart fig8b.svg in ae_results/planner/fig8b, below the current
# folder, and prints the table. The artifact is SEXTANT_DATA/sailor or that of --artifact; further options
# go to sextant reproduce, as in: run_het_opt_imbalanced.sh --estimator sailor --max-evaluations 100000
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
split_arguments "$@"
leave_figure fig8b
