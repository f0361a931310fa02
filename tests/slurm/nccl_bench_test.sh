#!/usr/bin/env bash
# slurm/nccl_bench.sh on a real slurmctld with three nodes on this machine: the array over their pairs, one
# of which fails; then all of them, and two nodes together; what came is fitted.
#   nccl_bench_test.sh SOURCE_DIR BIN_DIR NCCL_BENCH
# NCCL_BENCH is the program or what stands in for it.
set -euo pipefail
source_dir=$1 bin=$2 nccl_bench=$3
source "$(dirname "${BASH_SOURCE[0]}")/slurm_on_one_machine.sh"

"$bin/sextant" network --help | grep -q '^  fit ' || skip "this sextant has no network fit"

# A folder of programs, so that the scripts find whichever nccl_bench it is.
programs="$work/the programs"
mkdir "$programs"
ln -s "$bin/sextant" "$programs/sextant"
ln -s "$nccl_bench" "$programs/nccl_bench"
ln -s "$source_dir/tests/slurm/fake_nccl_bench.sh" "$work/fake_nccl_bench"
out="$work/links of the 'site'"
export GLOO_SOCKET_IFNAME=lo

# submit FLAG…: sets `measure`, the measuring job, and `fit`.
submit() {
  local ids
  ids=$("$source_dir/slurm/nccl_bench.sh" --partition gpu --time 5 --gres gpu:1 --bin "$programs" \
    --out "$out" "$@" -- --backend gloo --min-bytes 1KiB --max-bytes 1MiB --factor 4 --time-limit 0.2 \
    --max-noise 0.5) || fail "not submitted: $*"
  read -r _ measure _ fit <<< "${ids//$'\n'/ }"
  echo "submitted: measure $measure, fit $fit"
}
fit_log() { cat "$out/slurm/network_fit-$fit.out"; }
documents() { find "$out" -maxdepth 1 -name "$1_*.json" | sort | sed 's|.*/||' | tr '\n' ' '; }
# expect_fit EXIT_CODE
expect_fit() {
  wait_until 50 has_ended "$fit" || fail "the fitting job does not end"
  [ "$(exit_code "$fit")" = "$1" ] || { fit_log; fail "the fit ends with $(exit_code "$fit"), expected $1"; }
}

start_munge
start_slurm 3
echo "slurmctld and three slurmd run after $SECONDS s"

# What Slurm really prints is what cluster discover reads.
scontrol update NodeName=n3 State=drain Reason='State=IDLE Gres=gpu:9' || fail "n3 is not drained"
"$bin/sextant" cluster discover --gpu gpu=A100-40 --price A100-40=1 -o "$work/cluster.json" > "$work/discovered" 2>&1 \
  || { cat "$work/discovered"; fail "no cluster is discovered"; }
grep -q '8xA100-40@site, 8 GPUs' "$work/discovered" || { cat "$work/discovered"; fail "another cluster"; }
scontrol show node > "$work/nodes.txt"
sinfo -N -o '%N|%P|%G|%T|%f' > "$work/sinfo.txt"
for saved in "--scontrol $work/nodes.txt" "--sinfo $work/sinfo.txt"; do
  # shellcheck disable=SC2086
  "$bin/sextant" cluster discover $saved --gpu gpu=A100-40 2> /dev/null | grep -q '"count": 8' || fail "$saved"
done
scontrol update NodeName=n3 State=resume || fail "n3 is not resumed"
wait_until 20 nodes_are_idle || fail "n3 does not come back"

ln -sfn "$work/fake_nccl_bench" "$programs/nccl_bench"
export FAKE_DEAD_PAIR='n1 n3'
submit --scope pairs --nodelist 'n[1-3]' --ranks-per-node 1
expect_fit 5
unset FAKE_DEAD_PAIR
[ "$(documents pair)" = 'pair_n1_n2.json pair_n2_n3.json ' ] || fail "documents: $(documents pair)"
fit_log | grep -qF "nothing was measured of the pair n1, n3: see $out/slurm/nccl_bench-${measure}_1.out" || { fit_log; fail "the pair is not named"; }
grep -q 'the rank on n3 did not come to 127.0.0.1:' "$out/slurm/nccl_bench-${measure}_1.out" || fail "the pair does not say why"
grep -q '"host": "n2".*"host": "n3"' "$out/pair_n2_n3.json" || fail "the ranks of a pair are not on its nodes"
grep -q '"levels"' "$out/network.json" || fail "no network was written"
echo "one pair failed, two are fitted after $SECONDS s"

ln -sfn "$nccl_bench" "$programs/nccl_bench"
submit --scope pairs --nodelist 'n[1-3]' --ranks-per-node 1
first_fit=$fit
submit --scope inter --nodelist n2,n3 --ranks-per-node 1
wait_until 50 has_ended "$first_fit" || fail "the fit of the pairs does not end"
expect_fit 0
[ "$(exit_code "$first_fit")" = 0 ] || fail "the fit of the pairs ends with $(exit_code "$first_fit"), expected 0"
[ "$(documents pair)" = 'pair_n1_n2.json pair_n1_n3.json pair_n2_n3.json ' ] || fail "documents: $(documents pair)"
[ "$(documents inter)" = 'inter_n2_n3_2.json ' ] || fail "documents: $(documents inter)"
fit_log | grep -q 'fitting 4 documents' || { fit_log; fail "not all are fitted"; }
"$bin/sextant" network show "$out/network.json" > "$work/shown" || fail "the network cannot be shown"
cat "$work/shown"
echo "complete after $SECONDS s"
