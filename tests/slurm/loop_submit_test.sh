#!/usr/bin/env bash
# What launch/loop.sh hands to sbatch, word by word, with a Slurm that only writes it down; and what a step
# makes of it.
#   loop_submit_test.sh SOURCE_DIR BIN_DIR
set -euo pipefail
source_dir=$1 bin=$2
source "$source_dir/tests/slurm/submit_frame.sh"
printf '#!/bin/sh\necho "$@" >> cancelled\n' > fake/scancel
for program in profile_model gather_profs nccl_bench run_plan; do printf '#!/bin/sh\n' > programs/$program; done
chmod +x fake/scancel programs/*
ln -s "$bin/sextant" programs/sextant

# submit EXIT_CODE FLAG…
submit() { submit_with "$source_dir/launch/loop.sh" "$@"; }

# A chain; words with blanks and quotes stay words; only what measures asks for GPUs.
export SEXTANT_ACCOUNT=theirs SEXTANT_TIME=2:00:00 SEXTANT_BIN=$work/programs
submit 0 --through slurm --no-wait --nodes 3 --account mine --gres gpu:a100:4 --mem 8G --model OPT-350M \
  --gpu-type A100-40 --shape "pp2=13/13,4,1" --out "my 'loop'"
is 'number of jobs' "$(wc -l < log)" 5
for text in 'profile 41' 'network 42' 'plan 43' 'run 44' 'compare 45' "my 'loop'/logs/validation.txt"; do has err "$text"; done
is stdout "$(cat out)" ''
sed -n 1p log > profile; sed -n 2p log > network; sed -n 3p log > plan; sed -n 4p log > run; sed -n 5p log > compare
ranks='<--exclusive><--ntasks-per-node=4><--gres=gpu:a100:4>'
common='<--parsable><--kill-on-invalid-dep=yes><--account=mine><--time=2:00:00><--mem=8G>'
has profile "$common<--nodes=1>$ranks<--array=0-0><--output=my 'loop'/slurm/profile-%A_%a.out><--job-name=loop-profile>"
has network "$common<--nodes=3>$ranks<--output=my 'loop'/slurm/network-%j.out><--dependency=afterok:41>"
has plan "$common<--nodes=1><--ntasks=1><--output=my 'loop'/slurm/plan-%j.out><--dependency=afterok:42>"
has run "$common<--nodes=3>$ranks<--output=my 'loop'/slurm/run-%j.out><--dependency=afterok:43>"
has compare "$common<--nodes=1><--ntasks=1><--output=my 'loop'/slurm/compare-%j.out><--dependency=afterok:44>"
has run "<$source_dir/slurm/step.sbatch><$source_dir/launch/loop/run.sh><--out><my 'loop'><--model><OPT-350M><--device><cuda><--gpus><4><--nodes><3><--gpu-type><A100-40>"
has run '<--tp><1,2,4>'
has run '<--shape><pp2=13/13,4,1>'

# Processors: every node profiles, and a model document goes along. What needs no GPU runs outside of the container.
PATH=$work/programs:$PATH submit 0 --through=slurm --no-wait --gpus 2 --quick --container /images/x.sif --bin /opt/bin --out processors
has log '<--nodes=1><--exclusive><--ntasks-per-node=2><--array=0-1>'
has log "<--model><$work/processors/model.json><--device><cpu><--gpus><2><--nodes><2><--gpu-type><CPU>"
has log '<--container></images/x.sif><--bin></opt/bin><--quick>'

# What is not legal is not submitted.
submit 2 --through mail
submit 2 --nodes 2
has err '--nodes is for --through slurm'
submit 2 --gres=gpu:4
submit 2 --no-wait
submit 2 --through slurm --launcher torchrun
submit 2 --through slurm --nodes none
submit 3 --through slurm --bin /nonexistent
submit 3 --through slurm --model nothing.json --out nothing
submit 3 --through slurm --out processors
is 'what was submitted' "$(cat log)" ''
FAKE_REFUSAL=yes submit 3 --through slurm --out refused
is 'number of refused jobs' "$(wc -l < log)" 1

# Slurm refuses in the middle: what is submitted already is cancelled.
# shellcheck disable=SC2016
sed -i 's/^if \[ -n "\${FAKE_REFUSAL:-}" \]/if [ -n "${FAKE_REFUSAL:-}" ] \&\& [ "$(wc -l < "$SBATCH_LOG")" -gt 2 ]/' fake/sbatch
FAKE_REFUSAL=yes submit 3 --through slurm --out refused-later
has err 'sbatch refuses the job of plan'
has cancelled '41 42'

# Ranks on nodes that a plan names.
cat > fake/scontrol << 'END'
#!/usr/bin/env bash
[ "$*" = 'show node -o n2' ] && echo 'NodeName=n2 Arch=x86_64 NodeAddr=10.0.0.2 NodeHostName=n2 Port=0'
END
# shellcheck disable=SC2016
printf '#!/usr/bin/env bash\nprintf "<%%s>" "$MASTER_ADDR:$MASTER_PORT" "$@"\n' > fake/srun
chmod +x fake/*
SLURM_JOB_ID=7 SLURM_NTASKS_PER_NODE=2 SLURM_JOB_NODELIST='n[1-2]' "$source_dir/slurm/srun_ranks.sh" '' n2,n2,n1 \
  run_plan --plan 'a b' > out
has out '<10.0.0.2:20007><--distribution=arbitrary><--nodes=2><--ntasks=3><--nodelist=n2,n2,n1><--kill-on-bad-exit=0><bash><-c>'
has out '<rank><run_plan><--plan><a b>'
exit $((failures > 0))
