#!/usr/bin/env bash
# The closed loop: profile, sweep, gather, fit, plan, predict, run, compare; on this machine, or as jobs of
# Slurm. The steps are the scripts of loop/.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/loop/settings.sh"
source "$here/../slurm/common.sh"
source "$here/loop/step.sh"
source "$here/loop/submit.sh"

usage() {
  cat << END
usage: launch/loop.sh [FLAG…]

  launch/loop.sh --device cpu --quick
  launch/loop.sh --model OPT-350M --dtype bf16 --global-batch 64 --mbs 1,2,4,8 --out loop-opt
  launch/loop.sh --through slurm --nodes 2 --account A --partition P --time 30:00 --gres gpu:4

Profiles a model and measures the network of this machine, or of some nodes of a Slurm cluster, plans,
writes down what each plan is predicted to take, and only then runs the plans, in turn; at the end the
predictions are held against what was measured. All of it is kept in --out:

  points/ db/            what profile_model measured, and the database gathered from it
  bandwidth.json         what nccl_bench measured (bandwidth/ through Slurm); network.svg the fit
  cluster.json           this machine with the fitted network; job.json, model.json what it ran
  plans/ predictions/    a plan document and a prediction each, written before
  to_run.txt measured/   the plans that fit, and what run_plan measured of each
  validation.json, .csv  predicted against measured: time, and memory where one plan alone is run;
                         errors.svg as box plots
  report.html            all of it as a page
  commands.txt logs/     every command in its order, when it began, and its output

  --out DIR              new or empty; by default loop
  --model MODEL          a name or a document, by default a tiny Llama
  --device cpu|cuda      by default cuda where nvidia-smi lists a GPU; through Slurm where --gres asks
                         for one
  --gpus N               by default all GPUs; processes on the CPU, by default 2. Through Slurm of each
                         node, by default those of --gres, else 1
  --gpu-type TYPE        by default what the driver's name means
  --dtype TYPE           by default fp32
  --seq-len N            by default the model's
  --global-batch N       sequences of an iteration, by default 32
  --mbs N,N,…            microbatches to be profiled, by default 1,2,4
  --tp N,N,…             tensor degrees to be profiled, by default 1,2,4 … up to all GPUs of a node
  --shape NAME=LAYERS,DATA_PARALLEL,TENSOR_PARALLEL[,MICROBATCH[,recompute]]
                         a plan to be run; repeatable. LAYERS of each stage, as in 5/4. By default all
                         GPUs as replicas, as stages, and as one tensor-parallel group; on several
                         nodes the latter is one on each. There, whatever is asked for, also two-nodes:
                         two stages, each the replicas of one node
  --candidates yes|no    instead of these, every way to divide the GPUs, or some of them, into replicas,
                         stages and tensor-parallel ranks, with each profiled microbatch, with and
                         without recomputation: whether the fastest is predicted to be. By default no
  --plan FILE            another plan; repeatable
  --planned yes|no       also the plan that sextant plan makes; by default yes
  --estimator NAME       that plans and predicts, by default sextant
  --rounds N, --iterations N, --warm-up N
                         of run_plan; by default 5, 10, 2
  --time-limit T         for each profiled point and each message size, seconds; by default 15
  --launcher processes|torchrun
                         who starts run_plan's ranks on this machine; by default run_plan itself
  --quick                less of everything: minutes, not hours
  --through processes|slurm
                         who starts the steps. slurm: from a login node, five jobs, each of which waits
                         for the one before it to end well: profile (a node; CPUs: an array of all),
                         network, run (all nodes, --exclusive), plan and compare (a task without a GPU).
                         --out must be on a file system of all nodes. The script says what runs, and
                         ends with the table; output of the jobs lies in DIR/slurm. A job that fails ends
                         the chain: the others are cancelled. Ctrl-C leaves the jobs, and says how to
                         cancel them

With --through slurm:
  --nodes N              by default 2
  --no-wait              end when the jobs are submitted; the table will be in DIR/logs/validation.txt
$SLURM_FLAGS_HELP

Exit codes: 0 all is measured (with --no-wait: submitted); 2 wrong usage; 3 a program is missing or an
input does not suit, or Slurm refuses a job; 4 no plan fits; 5 the run ended early, or Slurm ended a job.
A step that fails ends the loop with its code.
END
}

for word in "$@"; do
  case $word in
    --account* | --partition* | --time | --time=* | --gres* | --cpus-per-task* | --mem | --mem=* | --container* | --nodes* | --no-wait)
      slurm_word=${slurm_word:-$word} ;;
  esac
done
parse_slurm_flags "$@" --
[ ${#rest[@]} -eq 0 ] || die "unexpected argument '--' (see --help)"
case $through in
  processes)
    [ -z "${slurm_word:-}" ] || die "$slurm_word is for --through slurm"
    container='' nodes=1 ;;
  slurm)
    [ "$launcher" = processes ] || die "--launcher $launcher is for --through processes"
    nodes=${nodes:-2} ;;
  *) die "--through $through: expected processes or slurm" ;;
esac

if [ "$quick" = yes ]; then
  rounds=${rounds:-3} iterations=${iterations:-4} time_limit=${time_limit:-1}
fi
rounds=${rounds:-5} iterations=${iterations:-10} time_limit=${time_limit:-15}
if [ -z "$device" ]; then
  device=cpu
  if [ "$through" = slurm ]; then
    if [[ ${gpu_flags[0]-} =~ ^--gres=(gres/)?gpu ]]; then device=cuda; fi
  elif nvidia-smi -L 2> /dev/null | grep -q '^GPU'; then
    device=cuda
  fi
fi
case $device in cpu | cuda) ;; *) die "--device $device: expected cpu or cuda" ;; esac
if [ "$through" = slurm ]; then
  gpus=${gpus:-$(gpus_of_gres)}
elif [ "$device" = cpu ]; then
  gpus=${gpus:-2}
else
  gpus=${gpus:-$(nvidia-smi -L | grep -c '^GPU')} || die "nvidia-smi lists no GPU" 3
fi
if [ "$device" = cpu ]; then gpu_type=${gpu_type:-CPU}; fi
for number in "$gpus" "$nodes" "$global_batch" "$rounds" "$iterations" "${seq_len:-1}"; do
  [[ $number =~ ^[1-9][0-9]{0,6}$ ]] || die "'$number': expected a number from 1"
done
for list in "$mbs" "${tp:-1}"; do
  [[ $list =~ ^[1-9][0-9]{0,6}(,[1-9][0-9]{0,6})*$ ]] || die "'$list': expected numbers, as in 1,2,4"
done
case $planned in yes | no) ;; *) die "--planned $planned: expected yes or no" ;; esac
case $candidates in yes | no) ;; *) die "--candidates $candidates: expected yes or no" ;; esac
case $launcher in processes | torchrun) ;; *) die "--launcher $launcher: expected processes or torchrun" ;; esac
[ -n "$out" ] || die "--out needs a name"
if [ -e "$out" ] && [ -n "$(ls -A "$out" 2> /dev/null)" ]; then
  die "$out is not empty: what was predicted before what was measured could not be told" 3
fi
if [ "$through" = slurm ]; then
  command -v sbatch > /dev/null || die "no sbatch here: run this on a login node of a Slurm cluster" 3
  main_program=run_plan
  find_programs
fi
for name in sextant profile_model gather_profs nccl_bench run_plan; do
  program $name > /dev/null
done
if [ -z "$tp" ]; then
  for ((degree = 1; degree <= gpus; degree *= 2)); do tp+=${tp:+,}$degree; done
fi

mkdir -p "$out"/{logs,points,plans,predictions,measured} || exit 3
commands=$out/commands.txt
case $model in
  */* | *.json)
    # With all else, so that containers see it and the folder says all of itself.
    [ -f "$model" ] || die "--model $model: no such file" 3
    keep "$out/model.json" < "$model"
    model=$(realpath "$out")/model.json ;;
esac
if [ "$through" = slurm ]; then
  succeed model run_here sextant model show "$model" --json
else
  succeed model "$(program sextant)" model show "$model" --json
fi
read_model

if [ "$through" = slurm ]; then
  submit_loop
  if [ $wait = no ]; then
    echo "the table will be in $out/logs/validation.txt" >&2
    exit
  fi
  trap 'echo >&2; die "the jobs go on, and the table will be in $out/logs/validation.txt; to end them: scancel ${step_jobs[*]}" 5' INT TERM
  watch_loop
  conclude_loop
fi
settings_flags
for name in profile network plan run; do
  if [ $name = network ] && [ "$gpus" -eq 1 ]; then continue; fi
  "$here/loop/$name.sh" "${settings[@]}"
done
exec "$here/loop/compare.sh" "${settings[@]}"
