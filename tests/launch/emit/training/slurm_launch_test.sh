#!/usr/bin/env bash
# `sextant launch --to slurm` on a real slurmctld with four nodes on this machine: every job is accepted,
# and one of two components runs with its ranks in the order of the plan.
#   slurm_launch_test.sh SOURCE_DIR BIN_DIR
set -euo pipefail
source_dir=$1 bin=$2
source "$source_dir/tests/slurm/slurm_on_one_machine.sh"

# plan NAME BATCH STAGE…: a plan document, each stage "FIRST END GPU ZONE TP" with two replicas.
plan() {
  local name=$1 batch=$2 stages='' first end gpu zone tp
  shift 2
  for stage in "$@"; do
    read -r first end gpu zone tp <<< "$stage"
    local replica="{\"tp\": $tp, \"machines\": [{\"gpu\": \"$gpu\", \"zone\": \"$zone\", \"count\": $tp}]}"
    stages+="${stages:+, }{\"layers\": [[$first, $end]], \"replicas\": [$replica, $replica]}"
  done
  cat > "$work/$name.json" << EOF
{
  "schema": "sextant/plan/1.1", "model": "tiny-llama", "layer_count": 9, "global_batch": $batch, "microbatch": 2,
  "pipelines": [{"stages": [$stages]}],
  "job": {"seq_len": 64, "optimizer": "adam", "dtype": "fp32", "framework": "sextant",
          "model": $(cat "$source_dir/tests/data/profiler/tiny-llama.json")},
  "cluster": {"name": "small", "pools": [
    {"gpu": "A100-40", "zone": "hall", "count": 8, "gpus_per_node": 1},
    {"gpu": "V100-16", "zone": "hall", "count": 8, "gpus_per_node": 2},
    {"gpu": "A100-40", "zone": "far", "count": 8, "gpus_per_node": 1}]}
}
EOF
}
# launch NAME FLAG…: its folder, in a place whose name has a space and a quote.
folders="$work/the jobs' folders"
mkdir "$folders"
launch() {
  "$bin/sextant" launch --plan "$work/$1.json" --to slurm -o "$folders/$1" --partition gpu --time 5 "${@:2}" \
    > "$work/launch.txt" 2>&1 || fail "$1 is not launched: $(cat "$work/launch.txt")"
}

plan uniform 8 '0 5 A100-40 hall 1' '5 9 A100-40 hall 1'
plan uneven 8 '0 2 V100-16 hall 1' '2 9 V100-16 hall 2'
plan mixed 8 '0 2 V100-16 hall 1' '2 9 A100-40 hall 1'
plan far 8 '0 5 A100-40 hall 1' '5 9 A100-40 far 1'

start_munge
start_slurm 4 2
echo "slurmctld and four slurmd run after $SECONDS s"
for name in uniform uneven mixed far; do
  launch $name
  (cd "$folders/$name" && sbatch --test-only job.sbatch) || fail "$name is not accepted"
done

# The ranks of mixed: two on one node with V100, and one on each of two nodes with A100.
mkdir "$work/programs"
cat > "$work/programs/run_plan" << 'EOF'
#!/usr/bin/env bash
if [ "$1" = --version ]; then exit; fi
echo "$LOCAL_RANK $SLURMD_NODENAME $WORLD_SIZE $MASTER_ADDR:$MASTER_PORT $*" > "measured/rank$RANK"
EOF
chmod +x "$work/programs/run_plan"
sed -i "s|^export SEXTANT_BIN=.*|export SEXTANT_BIN='$work/programs'|" \
  "$folders/mixed/environment.sh"
export SEXTANT_DEVICE=cpu
id=$("$folders/mixed/start.sh" --warm-up 1 --name "it's" | sed 's/[^0-9]//g')
wait_until 90 has_ended "$id" || fail "the job does not end: $(cat "$folders"/mixed/slurm-*.out)"
[ "$(exit_code "$id")" = 0 ] || fail "the job ends with $(exit_code "$id"): $(cat "$folders"/mixed/slurm-*.out)"
ranks=$(cd "$folders/mixed/measured" && for rank in 0 1 2 3; do cut -d' ' -f1,3 "rank$rank"; done | tr '\n' ';')
[ "$ranks" = '0 4;1 4;0 4;0 4;' ] || fail "local ranks and world: $ranks"
hosts=$(cd "$folders/mixed/measured" && for rank in 0 1 2 3; do cut -d' ' -f2 "rank$rank"; done | tr '\n' ' ')
read -r a b c d <<< "$hosts"
[ "$a" = "$b" ] && [ "$b" != "$c" ] && [ "$c" != "$d" ] && [ "$d" != "$a" ] || fail "ranks are on $hosts"
grep -q "127.0.0.1:[0-9]* --plan plan.json --job job.json --output measured/ --device cpu --iterations 20 --warm-up 1 --name it's\$" \
  "$folders/mixed/measured/rank3" || fail "rank 3 was started as: $(cat "$folders/mixed/measured/rank3")"
[ "$(grep -c ': ready for' "$folders"/mixed/slurm-*.out)" = 3 ] || fail "the nodes were not checked"

# A node that cannot run its part ends the job before anything runs.
rm "$work/programs/run_plan" "$folders"/mixed/slurm-*.out
if "$folders/mixed/check.sh" --on-nodes > "$work/check.txt" 2>&1; then fail "nodes without run_plan are ready"; fi
grep -q 'run_plan does not start' "$folders"/mixed/slurm-*.out || fail "nobody says that run_plan is missing"
echo "complete after $SECONDS s"
