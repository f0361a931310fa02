#!/usr/bin/env bash
# What launch/sailor/clariden/run.sh hands to sbatch, word by word, with a Slurm that only writes it down;
# its plans and jobs; and what a job hands to srun.
#   validate_submit_test.sh SOURCE_DIR BIN_DIR
set -euo pipefail
source_dir=$1 bin=$2
source "$source_dir/tests/slurm/submit_frame.sh"
cat > fake/scontrol << 'END'
#!/usr/bin/env bash
case "$*" in
  'show hostnames n[1-2]') printf 'n%s\n' 1 2 ;;
  'show node -o n1') echo 'NodeName=n1 Arch=x86_64 NodeAddr=10.0.0.1 NodeHostName=n1 Port=0' ;;
  *) exit 1 ;;
esac
END
cat > fake/srun << 'END'
#!/usr/bin/env bash
printf '<%s>' "$MASTER_ADDR:$MASTER_PORT" "$@"
END
for program in fake/scontrol fake/srun programs/run_plan; do
  touch $program
  chmod +x $program
done
run=$source_dir/launch/sailor/clariden/run.sh

# submit EXIT_CODE FLAG…
submit() { submit_with "$run" "$@"; }

# All of the published matrix; flags win over the environment, words with blanks and quotes stay words.
export SEXTANT_ACCOUNT=theirs SEXTANT_TIME=2:00:00 SEXTANT_BIN=$work/programs
submit 0 --account mine --gres gpu:4 --out 'my "results"' -- -n 20
is 'number of jobs' "$(wc -l < log)" 15
has out 'N1_D1_M4_G1 41'
has out 'N32_D32 55'
has log '<--account=mine><--time=2:00:00><--gres=gpu:4><--exclusive><--nodes=8><--ntasks-per-node=4><--job-name=N8_D2>'
has log '<--output=my "results"/slurm/N8_D2-%j.out>'
has log "<$source_dir/slurm/validate.sbatch><$source_dir/slurm><><$work/programs><my \"results\"/inputs/N8_D2.plan.json><my \"results\"/inputs/N8_D2.job.json><my \"results\"/N8_D2.json><--name><N8_D2><--gpu-type><GH-96><-n><20>"

# What it writes is what our readers read, and what the published table says.
"$bin/sextant" simulate --cluster "$source_dir/profiles/clusters/two-types.json" --job "my \"results\"/inputs/N8_D2.job.json" \
  --plan 'my "results"/inputs/N8_D2.plan.json' > simulated 2> err && { echo 'FAILED: a cluster without GH-96 takes it'; failures=$((failures + 1)); }
has err 'GH-96'
has 'my "results"/inputs/N8_D2.plan.json' '{"layers": [[5, 12]], "replicas": ['
has 'my "results"/inputs/N8_D2.plan.json' '"machines": [{"gpu": "GH-96", "zone": "clariden", "node": 7, "count": 4}]'
has 'my "results"/inputs/N8_D2.job.json' '"global_batch": 512,'

# What is measured is left alone, what ended early is not.
printf '{\n  "schema": "sextant/measured/1.0"\n}\n' > 'my "results"/N1_D1_M4_G1.json'
printf '{\n  "incomplete": "rank 1 died"\n}\n' > 'my "results"/N1_D1_M4_G32.json'
submit 0 --nodes 1,4 --only N1_D1_M4_G1,N1_D1_M4_G32,N4_D2,N8_D2 --out 'my "results"'
is jobs "$(cut -d' ' -f1 out | tr '\n' ' ')" 'N1_D1_M4_G32 N4_D2 '
has err 'N1_D1_M4_G1 is measured'

# Another machine: a table, a model document, ranks of one replica on two nodes of two.
cat > table.csv << 'END'
name,nodes,global_batch,microbatch,layers_per_stage,data_parallel,tensor_parallel
wide,2,8,2,9,1,4
END
submit 0 --table table.csv --gpus-per-node 2 --gpu-type CPU --model "$source_dir/tests/data/profiler/tiny-llama.json" \
  --seq-len 64 --zone here --container registry/sextant:1 --bin /opt/bin
has log '<--nodes=2><--ntasks-per-node=2>'
has log '<registry/sextant:1></opt/bin><results/inputs/wide.plan.json>'
has results/inputs/wide.plan.json '"model": "tiny-llama"'
has results/inputs/wide.plan.json '"machines": [{"gpu": "CPU", "zone": "here", "node": 0, "count": 2}, {"gpu": "CPU", "zone": "here", "node": 1, "count": 2}]'

# What is not legal is not submitted.
submit 2 --nodes all
submit 2 --gpus-per-node none
submit 2 --accuont x
submit 2 -- --output here
submit 2 --gpu-type 'a b'
submit 3 --nodes 7
submit 3 --gpus-per-node 8
has err 'N1_D1_M4_G1 has 4 ranks, 1 nodes of 8 have 8'
submit 3 --table /nonexistent
echo 'x,1,1,1,26,1' > table.csv
submit 3 --table table.csv
has err "table.csv, line 1: expected name,nodes,"
submit 3 --bin /nonexistent
is 'what was submitted' "$(cat log)" ''
FAKE_REFUSAL=yes submit 3 --nodes 1 --out refused
is 'number of refused jobs' "$(wc -l < log)" 1

SLURM_JOB_ID=123456 SLURM_JOB_NODELIST='n[1-2]' SLURM_CPUS_PER_TASK=8 \
  bash "$source_dir/slurm/validate.sbatch" "$source_dir/slurm" /images/x.sif /opt/bin p.json j.json 'o 1.json' -n 5 > out 2> err
has out '<10.0.0.1:23456><--distribution=block><--kill-on-bad-exit=0><--cpus-per-task=8><apptainer><exec><--nv></images/x.sif><bash><-c>'
has out '<rank></opt/bin/run_plan><--plan><p.json><--job><j.json><--output><o 1.json><-n><5>'
exit $((failures > 0))
