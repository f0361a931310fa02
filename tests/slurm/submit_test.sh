#!/usr/bin/env bash
# What slurm/profile_model.sh hands to sbatch, word by word, with an sbatch that only writes it down.
#   submit_test.sh SOURCE_DIR BIN_DIR
set -euo pipefail
source_dir=$1 bin=$2
source "$source_dir/tests/slurm/submit_frame.sh"
model=$source_dir/tests/profiler/sweep/tiny_model.json

# submit EXIT_CODE FLAG…
submit() { submit_with "$source_dir/slurm/profile_model.sh" "$@"; }

# Words with blanks and quotes stay words; flags win over the environment.
export SEXTANT_ACCOUNT=theirs SEXTANT_TIME=2:00:00 SEXTANT_BIN=$bin
submit 0 --account "mine" --gres=gpu:4 --at-once 3 --db "a 'db'" -- --model "$model" --device cpu \
  --tp 1,2 --mbs 1,2,4 --out "points of \"mine\""
has out 'array 41'
has out 'gather 42'
has log '<--account=mine><--time=2:00:00><--gres=gpu:4><--array=0-5%3><--output=points of "mine"/slurm/profile_model-%A_%a.out>'
has log "<6><--model><$model><--device><cpu><--tp><1,2><--mbs><1,2,4><--out><points of \"mine\"><--resume>"
has log '<--dependency=afterany:41>'
has log "<--model-name><tiny><--gpu-type><CPU><--profile-dir><points of \"mine\"><--db><a 'db'><--merge><newest>"
[ "$(grep -c gres=gpu log)" = 1 ] || { echo 'FAILED: the gathering job asks for GPUs'; failures=$((failures + 1)); }

submit 0 --tasks 2 -- --model "$model" --device cpu --tp 1,2 --mbs 1,2,4 --out=points --force
has log '<--array=0-1>'
has_not log '<--resume>'

# A container that srun starts, with programs elsewhere in it.
submit 0 --container registry/sextant:1 --bin /opt/bin -- --model "$model" --device cpu --out points
has log "<$source_dir/slurm><registry/sextant:1></opt/bin>"

# A login node without a GPU plans for the one that is named.
submit 0 -- --model "$model" --gpu-type A100-40 --tp 1 --mbs 1 --out points
has log '<--gpu-type><A100-40><--profile-dir>'

# What is not legal is not submitted.
submit 3 -- --model "$model" --device cpu --tp 3 --out points
has err 'does not divide its 4 attention heads'
submit 2 -- --model "$model" --device cpu
submit 2 --model "$model"
submit 2 --accuont x -- --model "$model" --device cpu --out points
submit 2 --at-once many -- --model "$model" --device cpu --out points
submit 2 -- --model "$model" --device cpu --out points --shard 0/2
submit 3 --bin /nonexistent -- --model "$model" --device cpu --out points
[ ! -s log ] || { echo 'FAILED: something was submitted'; failures=$((failures + 1)); }
exit $((failures > 0))
