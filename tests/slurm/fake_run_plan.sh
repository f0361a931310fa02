#!/usr/bin/env bash
# Stands in for run_plan where the build has none: the ranks of a step meet in a folder, and rank 0 writes
# down who came. It ends as run_plan does: with what it measured and exit code 5 where the plan's name is
# in FAKE_DEAD_PLAN.
set -euo pipefail
output='' name='' plan=''
while [ $# -gt 0 ]; do
  case $1 in
    --output) output=$2; shift ;;
    --name) name=$2; shift ;;
    --plan) plan=$2; shift ;;
  esac
  shift
done
meeting=$(dirname "$output")/meeting-$SLURM_JOB_ID
mkdir -p "$meeting"
echo "$LOCAL_RANK $SLURMD_NODENAME" > "$meeting/$RANK"
[ "$RANK" = 0 ] || exit 0
for _ in {1..100}; do
  [ "$(find "$meeting" -type f | wc -l)" -lt "$WORLD_SIZE" ] || break
  sleep 0.1
done
ranks='' incomplete=''
for ((i = 0; i < WORLD_SIZE; ++i)); do
  read -r local host < "$meeting/$i"
  ranks+="${ranks:+, }{\"tp_rank\": $local, \"host\": \"$host\"}"
done
rm -r "$meeting"
if [ "$name" = "${FAKE_DEAD_PLAN:-}" ]; then
  incomplete=', 
  "incomplete": "rank 1 died"'
fi
cat > "$output" << END
{
  "schema": "sextant/measured/1.0",
  "name": "$name",
  "meeting": "$MASTER_ADDR:$MASTER_PORT",
  "plan": $(cat "$plan"),
  "ranks": [$ranks]$incomplete
}
END
[ -z "$incomplete" ] || exit 5
