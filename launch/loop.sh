#!/usr/bin/env bash
# The closed loop on one machine: profile, sweep, gather, fit, plan, predict, run, compare.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/find_program.sh"
source "$here/plan_document.sh"

usage() {
  cat << END
usage: launch/loop.sh [FLAG…]

  launch/loop.sh --device cpu --quick
  launch/loop.sh --model OPT-350M --dtype bf16 --global-batch 64 --mbs 1,2,4,8 --out loop-opt

Profiles a model and measures the network of this machine, plans, writes down what each plan is
predicted to take, and only then runs the plans, in turn; at the end the predictions are held against
what was measured. All of it is kept in --out:

  points/ db/            what profile_model measured, and the database gathered from it
  bandwidth.json         what nccl_bench measured; network.svg the fit
  cluster.json           this machine with the fitted network; job.json
  plans/ predictions/    a plan document and a prediction each, written before
  measured/              what run_plan measured of each
  validation.json, .csv  predicted against measured: time, and memory where one plan alone is run;
                         errors.svg as box plots
  commands.txt logs/     every command in its order, when it began, and its output

  --out DIR              new or empty; by default loop
  --model MODEL          a name or a document, by default a tiny Llama
  --device cpu|cuda      by default cuda where nvidia-smi lists a GPU
  --gpus N               by default all GPUs; processes on the CPU, by default 2
  --gpu-type TYPE        by default what the driver's name means
  --dtype TYPE           by default fp32
  --seq-len N            by default the model's
  --global-batch N       sequences of an iteration, by default 32
  --mbs N,N,…            microbatches to be profiled, by default 1,2,4
  --tp N,N,…             tensor degrees to be profiled, by default 1,2,4 … up to all GPUs
  --shape NAME=LAYERS,DATA_PARALLEL,TENSOR_PARALLEL[,MICROBATCH[,recompute]]
                         a plan to be run; repeatable. LAYERS of each stage, as in 5/4. By default all
                         GPUs as replicas, as stages, and as one tensor-parallel group
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
                         who starts run_plan's ranks; by default run_plan itself
  --quick                less of everything: minutes, not hours
  --bin DIR              where the programs are; by default SEXTANT_BIN, or those in PATH, or those of
                         this checkout's build

Exit codes: 0 all is measured; 2 wrong usage; 3 a program is missing or an input does not suit; 4 no
plan fits; 5 the run ended early. A step that fails ends the loop with its code.
END
}

die() { echo "loop.sh: error: $1" >&2; exit "${2:-2}"; }

out=loop model=$here/loop/tiny-llama.json device='' gpus='' gpu_type='' dtype=fp32 seq_len='' global_batch=32
mbs=1,2,4 tp='' shapes=() plans=() planned=yes estimator=sextant rounds='' iterations='' warm_up=2
time_limit='' launcher=processes quick=no candidates=no
while [ $# -gt 0 ]; do
  flag=$1
  case $flag in
    -h | --help) usage; exit 0 ;;
    --quick) quick=yes; shift; continue ;;
    --*=*) value=${flag#*=}; flag=${flag%%=*}; shift ;;
    --*) [ $# -ge 2 ] || die "$flag needs a value"; value=$2; shift 2 ;;
    *) die "unexpected argument '$flag' (see --help)" ;;
  esac
  case $flag in
    --out) out=$value ;;
    --model) model=$value ;;
    --device) device=$value ;;
    --gpus) gpus=$value ;;
    --gpu-type) gpu_type=$value ;;
    --dtype) dtype=$value ;;
    --seq-len) seq_len=$value ;;
    --global-batch) global_batch=$value ;;
    --mbs) mbs=$value ;;
    --tp) tp=$value ;;
    --shape) shapes+=("$value") ;;
    --plan) plans+=("$value") ;;
    --planned) planned=$value ;;
    --candidates) candidates=$value ;;
    --estimator) estimator=$value ;;
    --rounds) rounds=$value ;;
    --iterations) iterations=$value ;;
    --warm-up) warm_up=$value ;;
    --time-limit) time_limit=$value ;;
    --launcher) launcher=$value ;;
    --bin) SEXTANT_BIN=$value ;;
    *) die "unknown flag '$flag' (see --help)" ;;
  esac
done

if [ "$quick" = yes ]; then
  rounds=${rounds:-3} iterations=${iterations:-4} time_limit=${time_limit:-1}
fi
rounds=${rounds:-5} iterations=${iterations:-10} time_limit=${time_limit:-15}
if [ -z "$device" ]; then
  device=cpu
  if nvidia-smi -L 2> /dev/null | grep -q '^GPU'; then device=cuda; fi
fi
case $device in
  cpu) gpus=${gpus:-2} gpu_type=${gpu_type:-CPU} ;;
  cuda) gpus=${gpus:-$(nvidia-smi -L | grep -c '^GPU')} || die "nvidia-smi lists no GPU" 3 ;;
  *) die "--device $device: expected cpu or cuda" ;;
esac
for number in "$gpus" "$global_batch" "$rounds" "$iterations" "${seq_len:-1}"; do
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
for program in sextant profile_model gather_profs nccl_bench run_plan; do
  path=$(find_program $program) || die "no $program in SEXTANT_BIN, PATH or this checkout's build" 3
  printf -v "$program" %s "$path"
done
if [ -z "$tp" ]; then
  for ((degree = 1; degree <= gpus; degree *= 2)); do tp+=${tp:+,}$degree; done
fi

mkdir -p "$out"/{logs,points,plans,predictions,measured} || exit 3
if [ "$device" = cpu ]; then
  # A rank's thread shares the machine with the other ranks' only, as in run_plan.
  export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} GLOO_SOCKET_IFNAME=${GLOO_SOCKET_IFNAME:-lo}
fi

# note COMMAND…: into commands.txt.
note() {
  printf '# %s\n%s\n' "$(date -u '+%Y-%m-%dT%H:%M:%S.%NZ')" "$(printf '%q ' "$@")" >> "$out/commands.txt"
}
# attempt NAME COMMAND…: the command's output goes to logs/NAME.txt; sets `status`.
attempt() {
  local name=$1
  shift
  note "$@"
  echo "$(date -u '+%H:%M:%S') $name" >&2
  status=0
  "$@" > "$out/logs/$name.txt" 2>&1 || status=$?
}
# give_up NAME: ends the loop with the step's exit code.
give_up() {
  tail -n 20 "$out/logs/$1.txt" >&2
  die "$1 failed with exit code $status (see $out/logs/$1.txt)" "$status"
}
# step NAME COMMAND…: an attempt that has to succeed.
step() {
  attempt "$@"
  [ "$status" -eq 0 ] || give_up "$1"
}

case $model in */* | *.json) model=$(realpath -e -- "$model") || die "--model $model: no such file" 3 ;; esac
step model "$sextant" model show "$model" --json
model_name=$(sed -n 's/^    "name": "\([^"]*\)".*/\1/p' "$out/logs/model.txt" | head -1)
layer_count=$(sed -n 's/^      "count": \([0-9]*\).*/\1/p' "$out/logs/model.txt" | paste -sd+ | tr -d '\n')
layer_count=$((layer_count))
document_name "$model_name" || die "'$model_name': the model's name must be of letters, digits and ._+-" 3

# 1. What layers take. Cores share caches, memory and clock: on a CPU as many sweeps of a tensor degree
# run at once as have room, since that is how the plans' ranks will run; all are gathered.
profile=("$profile_model" --model "$model" --device "$device" --dtype "$dtype" --mbs "$mbs"
  --time-limit "$time_limit")
if [ -n "$gpu_type" ]; then profile+=(--gpu-type "$gpu_type"); fi
if [ -n "$seq_len" ]; then profile+=(--seq-len "$seq_len"); fi
if [ "$quick" = yes ]; then profile+=(--no-operators); fi
for degree in ${tp//,/ }; do
  copies=1
  if [ "$device" = cpu ] && [ "$degree" -lt "$gpus" ]; then copies=$((gpus / degree)); fi
  sweeps=()
  for ((copy = 1; copy < copies; ++copy)); do
    (step "profile-tp$degree-copy$copy" "${profile[@]}" --tp "$degree" --out "$out/points/copy$copy") &
    sweeps+=($!)
  done
  step "profile-tp$degree" "${profile[@]}" --tp "$degree" --out "$out/points/copy0"
  for sweep in "${sweeps[@]}"; do wait "$sweep" || exit; done
done
point=$(find "$out/points" -name 'profile_*.json' | sort | head -1)
[ -n "$point" ] || die "no point was profiled" 3
gpu_type=$(sed -n 's/^ *"gpu": "\([^"]*\)".*/\1/p' "$point" | head -1)
document_name "$gpu_type" || die "'$gpu_type': the GPU type's name must be of letters, digits and ._+-" 3
step gather "$gather_profs" --model-name "$model_name" --gpu-type "$gpu_type" --profile-dir "$out/points" \
  --db "$out/db" --merge median

# 2. What messages take, and the machine as a cluster with that network.
if [ "$device" = cpu ]; then
  memory=$(($(awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo) * 1024 / gpus))
  sweep=("$nccl_bench" --backend gloo --local-ranks "$gpus" --max-bytes 64MiB)
else
  memory=$(nvidia-smi --query-gpu=memory.total --format=csv,noheader,nounits | head -1)
  memory=$((memory * 1024 * 1024))
  sweep=("$nccl_bench" --backend nccl --local-ranks "$gpus")
fi
cat > "$out/machine.json" << END
{
  "schema": "sextant/cluster/1.0",
  "name": "this machine",
  "pools": [
    {
      "gpu": "$gpu_type",
      "zone": "here",
      "nodes": 1,
      "gpus_per_node": $gpus,
      "memory_bytes": $memory,
      "usd_per_gpu_hour": 0
    }
  ]
}
END
if [ "$gpus" -gt 1 ]; then
  groups=2
  for ((size = 4; size <= gpus; size *= 2)); do groups+=,$size; done
  size_limit=$time_limit
  if [ "$quick" = yes ]; then size_limit=0.3 sweep+=(--factor 4); fi
  step bandwidth "${sweep[@]}" --op send_recv,all_reduce,all_gather,reduce_scatter --group-sizes "$groups" \
    --gpu-type "$gpu_type" --time-limit "$size_limit" --output "$out/bandwidth.json"
  step fit "$sextant" network fit "$out/bandwidth.json" --cluster "$out/machine.json" --name loop \
    --plot "$out/network.svg" -o "$out/cluster.json"
else
  cp "$out/machine.json" "$out/cluster.json"
fi
job_document loop "$model" "$global_batch" "$seq_len" "$dtype" > "$out/job.json"

# 3. Plans.
inputs=(--cluster "$out/cluster.json" --job "$out/job.json" --profiles "$out/db")
microbatch=${mbs%%,*}
for size in ${mbs//,/ }; do
  if [ $((global_batch % (size * gpus * 4))) -eq 0 ]; then microbatch=$size; fi  # some for each stage
done
# even_stages N: the layers of N stages as even as they go.
even_stages() {
  local each='' stage
  for ((stage = 0; stage < $1; ++stage)); do
    each+=${each:+/}$((layer_count / $1 + (stage < layer_count % $1 ? 1 : 0)))
  done
  echo "$each"
}
if [ "$candidates" = yes ]; then
  for degree in ${tp//,/ }; do
    for ((stages = 1; stages * degree <= gpus && stages <= layer_count; ++stages)); do
      for ((data = 1; data * stages * degree <= gpus; ++data)); do
        for size in ${mbs//,/ }; do
          [ $((global_batch % (size * data))) -eq 0 ] || continue  # run_plan wants whole microbatches
          name=dp$data-pp$stages-tp$degree-mb$size
          shapes+=("$name=$(even_stages "$stages"),$data,$degree,$size")
          shapes+=("$name-re=$(even_stages "$stages"),$data,$degree,$size,recompute")
        done
      done
    done
  done
elif [ ${#shapes[@]} -eq 0 ] && [ ${#plans[@]} -eq 0 ]; then
  shapes=("one=$layer_count,1,1")
  if [ "$gpus" -gt 1 ]; then
    shapes+=("replicas=$layer_count,$gpus,1" "stages=$(even_stages "$gpus"),1,1"
      "tensor=$layer_count,1,$gpus")
  fi
fi
number='[1-9][0-9]{0,6}'
for shape in "${shapes[@]}"; do
  name=${shape%%=*} figures=${shape#*=}
  document_name "$name" && [[ $figures =~ ^$number(/$number)*,$number,$number(,$number(,recompute)?)?$ ]] \
    || die "--shape $shape: expected NAME=LAYERS,DATA_PARALLEL,TENSOR_PARALLEL[,MICROBATCH[,recompute]], as in pp2=5/4,1,1,2"
  IFS=, read -r layers data tensor own again <<< "$figures"
  plan_document "$model_name" "$gpu_type" here "$gpus" "$global_batch" "${own:-$microbatch}" "$layers" "$data" \
    "$tensor" "$again" > "$out/plans/$name.json"
done
for plan in "${plans[@]}"; do
  [ ! -e "$out/plans/$(basename "$plan")" ] || die "two plans have the name $(basename "$plan")" 2
  cp -- "$plan" "$out/plans/" || exit 3
done
if [ "$planned" = yes ]; then
  step plan "$sextant" plan "${inputs[@]}" --estimator "$estimator" -o "$out/plans/planned.json"
fi

# 4. Predictions, before anything is run. What will not fit is not run.
run=()
for plan in "$out"/plans/*.json; do
  name=$(basename "$plan" .json)
  predict=("$sextant" simulate "${inputs[@]}" --estimator "$estimator" --plan "$plan")
  attempt "predict-$name" "${predict[@]}" --memory
  case $status in
    0) run+=(--plan "$plan") ;;
    4) echo "loop.sh: warning: plan $name will not fit, and is not run" >&2 ;;
    *) give_up "predict-$name" ;;
  esac
  note "${predict[@]}" --json
  "${predict[@]}" --json > "$out/predictions/$name.json" 2> /dev/null || [ $? -eq $status ] || give_up "predict-$name"
done
[ ${#run[@]} -gt 0 ] || die "no plan fits" 4

# 5. What they take: in turn, so that what disturbs the machine disturbs all of them.
run=("$run_plan" --device "$device" --job "$out/job.json" --gpu-type "$gpu_type" --rounds "$rounds"
  --iterations "$iterations" --warm-up "$warm_up" --output "$out/measured/" "${run[@]}")
if [ "$launcher" = torchrun ]; then
  run=(torchrun --standalone --nproc-per-node "$gpus" --no-python "${run[@]}")
fi
attempt run "${run[@]}"
run_status=$status
case $status in 0 | 5) ;; *) give_up run ;; esac

# 6. Side by side. The inputs are still the same, and so are the predictions. Processes that run several
# plans hold what each of them left: their memory is no plan's.
compare=("$sextant" validate --measured "$out/measured" "${inputs[@]}" --estimator "$estimator")
if [ "$(find "$out/measured" -name '*.json' | wc -l)" -gt 1 ]; then compare+=(--quantity time); fi
note "${compare[@]}" --json
"${compare[@]}" --json > "$out/validation.json" 2> "$out/logs/validate.txt" || { status=$?; give_up validate; }
step validation "${compare[@]}" --plot "$out/errors.svg" --csv "$out/validation.csv"
cat "$out/logs/validation.txt"
exit "$run_status"
