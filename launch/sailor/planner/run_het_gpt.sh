#!/usr/bin/env bash
# run_het_gpt.sh [OPTION…]: plans GPT-Neo-2.7B on as many V100 as A100
# with every planner, judged by every estimator (figure 9a).
# Leaves fig9a.json, fig9a.csv and the bar chart fig9a.svg in ae_results/planner/fig9a, below the current
# folder, and prints the table. The artifact is SEXTANT_DATA/sailor or that of --artifact; further options
# go to sextant reproduce, as in: run_het_gpt.sh --estimator sailor --max-evaluations 100000
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
split_arguments "$@"
leave_figure fig9a
