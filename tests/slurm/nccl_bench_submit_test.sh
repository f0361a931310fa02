#!/usr/bin/env bash
# What slurm/nccl_bench.sh hands to sbatch, word by word, with a Slurm that only writes it down; and which
# pair a task of the array takes.
#   nccl_bench_submit_test.sh SOURCE_DIR
set -euo pipefail
source_dir=$1
source "$source_dir/tests/slurm/submit_frame.sh"
cat > fake/scontrol << 'END'
#!/usr/bin/env bash
case "$*" in
  'show hostnames n[1-4]') printf 'n%s\n' 1 2 3 4 ;;
  'show hostnames n3,n1') printf 'n%s\n' 3 1 ;;
  'show hostnames n1,n3') printf 'n%s\n' 1 3 ;;
  'show hostnames n2' | 'show hostnames n2,n2') echo n2 ;;
  'show node -o n1') echo 'NodeName=n1 Arch=x86_64 NodeAddr=10.0.0.1 NodeHostName=n1 Port=0' ;;
  *) exit 1 ;;
esac
END
cat > fake/srun << 'END'
#!/usr/bin/env bash
printf '<%s>' "$@"
END
for program in fake/scontrol fake/srun programs/nccl_bench programs/sextant; do
  touch $program
  chmod +x $program
done
unset SLURM_JOB_NODELIST

# submit EXIT_CODE FLAG…
submit() { submit_with "$source_dir/slurm/nccl_bench.sh" "$@"; }

# Words with blanks and quotes stay words; flags win over the environment.
export SEXTANT_ACCOUNT=theirs SEXTANT_TIME=2:00:00 SEXTANT_BIN=$work/programs
submit 0 --scope pairs --nodelist 'n[1-4]' --account mine --gres=gpu:a100:2 --out 'my "links"' -- \
  --pattern halves --interconnect '100 Gb/s; touch x'
has out 'measure 41'
has out 'fit 42'
has log '<--account=mine><--time=2:00:00><--gres=gpu:a100:2><--exclusive><--ntasks-per-node=2>'
has log '<--output=my "links"/slurm/nccl_bench-%A_%a.out><--nodes=4><--nodelist=n[1-4]><--array=0-5%1>'
has log '<my "links"><pairs><n[1-4]><2><--pattern><halves><--interconnect><100 Gb/s; touch x>'
has log '<--dependency=afterany:41><--output=my "links"/slurm/network_fit-%j.out>'
has log '<my "links"><my "links"/network.json><pairs><n[1-4]><my "links"/slurm/submitted-pairs-'
[ "$(grep -c gres=gpu log)" = 1 ] || { echo 'FAILED: the fitting job asks for GPUs'; failures=$((failures + 1)); }

# Inside of an allocation its nodes are the pairs'.
SLURM_JOB_NODELIST=n3,n1 submit 0 --scope pairs --at-once 2 -- --gpu-type T4
has log '<--nodes=2><--nodelist=n3,n1><--array=0-0%2>'
has log '<bandwidth><pairs><n3,n1><1><--gpu-type><T4>'
has log '<bandwidth/network.json>'

# One job each inside of nodes, or one on any.
submit 0 --scope intra --nodelist n3,n1 --gres gpu:8 --network 'net work.json' --
has log '<--ntasks-per-node=8>'
has log '<--nodes=1><--nodelist=n3>'
has log '<--nodes=1><--nodelist=n1>'
has log '<--dependency=afterany:41:42>'
has log '<net work.json><intra><n3,n1>'
has out 'measure 42'
has out 'fit 43'
submit 0 --scope intra --ranks-per-node 3 -- --op all
has log '<--ntasks-per-node=3>'
[ "$(wc -l < log)" = 2 ] || { echo 'FAILED: more than a job and its fit'; failures=$((failures + 1)); }

submit 0 --scope inter --
has log '<--nodes=2><'
submit 0 --scope inter --nodelist 'n[1-4]' --container registry/sextant:1 --bin /opt/bin -- --op all
has log "<--nodes=4><--nodelist=n[1-4]><$source_dir/slurm/nccl_bench.sbatch><$source_dir/slurm><registry/sextant:1></opt/bin><bandwidth><inter>"

# What is not legal is not submitted.
submit 2 -- --op all
submit 2 --scope around -- --op all
submit 2 --scope pairs -- --op all
submit 2 --scope pairs --nodelist n2 -- --op all
submit 2 --scope pairs --nodelist n2,n2 -- --op all
submit 2 --scope inter --nodes 3 --nodelist n3,n1 --
submit 2 --scope intra --nodes 3 --
submit 2 --scope inter --nodes 1 --
submit 2 --scope inter --ranks-per-node all --
submit 2 --scope inter -- -o links.json
submit 2 --scope inter -- --rendezvous=here:1
submit 2 --scope inter
submit 3 --scope pairs --nodelist elsewhere -- --op all
submit 3 --scope inter --bin /nonexistent/ --
[ -s log ] && { echo 'FAILED: something was submitted'; failures=$((failures + 1)); }
FAKE_REFUSAL=yes submit 3 --scope pairs --nodelist 'n[1-4]' --
[ "$(wc -l < log)" = 1 ] || { echo 'FAILED: a fit of jobs that Slurm refused'; failures=$((failures + 1)); }

# The task of the list's pair n3, n1: Slurm has n1 first, so that rank 0 is there.
mkdir -p results
touch results/pair_n3_n1.json
SLURM_JOB_ID=123456 SLURM_ARRAY_TASK_ID=0 SLURM_JOB_NODELIST=n1,n3 SLURM_CPUS_PER_TASK=8 \
  bash "$source_dir/slurm/nccl_bench.sbatch" "$source_dir/slurm" '' /opt/bin results pairs n3,n1 2 --op 'all' > out 2> err
has out '<--nodes=2><--ntasks=4><--ntasks-per-node=2><--distribution=block><--nodelist=n3,n1><--cpus-per-task=8></opt/bin/nccl_bench><--rendezvous><10.0.0.1:23456><--op><all><--output><results/pair_n3_n1.json>'
[ ! -e results/pair_n3_n1.json ] || { echo 'FAILED: an old result is left'; failures=$((failures + 1)); }
SLURM_JOB_ID=1 SLURM_ARRAY_TASK_ID=0 SLURM_JOB_NODELIST=n1,n3 \
  bash "$source_dir/slurm/nccl_bench.sbatch" "$source_dir/slurm" /images/x.sif /opt/bin results inter '' 1 > out 2> err
has out '<--nodelist=n1,n3><apptainer><exec><--nv></images/x.sif></opt/bin/nccl_bench>'
has out '<results/inter_n1_n3_2.json>'

# Every pair has one index.
source "$source_dir/slurm/nodes.sh"
hosts_of 'n[1-4]'
found=''
for ((i = 0; i < $(pair_count); ++i)); do pair_of $i; found+="$first$second "; done
[ "$found" = 'n1n2 n1n3 n1n4 n2n3 n2n4 n3n4 ' ] || { echo "FAILED: pairs $found"; failures=$((failures + 1)); }
exit $((failures > 0))
