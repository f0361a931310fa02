#!/usr/bin/env bash
# A step of launch/loop.sh that needs no GPU: gathers what was profiled, fits the network, makes plans, and
# predicts each of them.
#   plan.sh SETTING…
# Leaves plans/, predictions/ and to_run.txt, the names of those that fit.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
source "$loop_folder/step.sh"
begin_step "$@"
sextant=$(program sextant)
total=$((gpus * nodes))
read_model
read_gpu_type
memory=$(cat "$out/points/memory_bytes")
[[ $memory =~ ^[1-9][0-9]*$ ]] || die "$out/points/memory_bytes: expected the bytes of a GPU" 3

succeed gather "$(program gather_profs)" --model-name "$model_name" --gpu-type "$gpu_type" \
  --profile-dir "$out/points" --db "$out/db" --merge median

# The machine as a cluster, with the network that was measured.
keep "$out/machine.json" << END
{
  "schema": "sextant/cluster/1.0",
  "name": "this machine",
  "pools": [
    {
      "gpu": "$gpu_type",
      "zone": "here",
      "nodes": $nodes,
      "gpus_per_node": $gpus,
      "memory_bytes": $memory,
      "usd_per_gpu_hour": 0
    }
  ]
}
END
if [ "$total" -gt 1 ]; then
  bandwidth=$out/bandwidth
  [ -d "$bandwidth" ] || bandwidth+=.json
  succeed fit "$sextant" network fit "$bandwidth" --cluster "$out/machine.json" --name loop \
    --plot "$out/network.svg" -o "$out/cluster.json"
else
  keep "$out/cluster.json" < "$out/machine.json"
fi
job_document loop "$model" "$global_batch" "$seq_len" "$dtype" | keep "$out/job.json"

inputs=(--cluster "$out/cluster.json" --job "$out/job.json" --profiles "$out/db")
microbatch=${mbs%%,*}
for size in ${mbs//,/ }; do
  if [ $((global_batch % (size * total * 4))) -eq 0 ]; then microbatch=$size; fi  # some for each stage
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
    for ((stages = 1; stages * degree <= total && stages <= layer_count; ++stages)); do
      for ((data = 1; data * stages * degree <= total; ++data)); do
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
  if [ "$total" -gt 1 ]; then shapes+=("replicas=$layer_count,$total,1"); fi
  if [ "$gpus" -gt 1 ]; then shapes+=("tensor=$layer_count,$nodes,$gpus"); fi
  if [ "$nodes" -eq 1 ] && [ "$gpus" -gt 1 ]; then shapes+=("stages=$(even_stages "$gpus"),1,1"); fi
fi
# What several nodes are for: a pipeline over two of them, whatever else is asked for.
if [ "$nodes" -gt 1 ] && [[ " ${shapes[*]}" != *" two-nodes="* ]]; then
  shapes+=("two-nodes=$(even_stages 2),$gpus,1")
fi

number='[1-9][0-9]{0,6}'
for shape in "${shapes[@]}"; do
  name=${shape%%=*} figures=${shape#*=}
  if ! document_name "$name" \
    || ! [[ $figures =~ ^$number(/$number)*,$number,$number(,$number(,recompute)?)?$ ]]; then
    die "--shape $shape: expected NAME=LAYERS,DATA_PARALLEL,TENSOR_PARALLEL[,MICROBATCH[,recompute]], as in pp2=5/4,1,1,2"
  fi
  IFS=, read -r layers data tensor own again <<< "$figures"
  plan_document "$model_name" "$gpu_type" here "$gpus" "$global_batch" "${own:-$microbatch}" "$layers" "$data" \
    "$tensor" "$again" | keep "$out/plans/$name.json"
done
for plan in "${plans[@]}"; do
  name=$(basename "$plan")
  [ ! -e "$out/plans/$name" ] || die "two plans have the name $name" 2
  keep "$out/plans/$name" < "$plan" || exit 3
done
if [ "$planned" = yes ]; then
  succeed plan "$sextant" plan "${inputs[@]}" --estimator "$estimator" -o "$out/plans/planned.json"
fi

# Predictions, before anything is run. What will not fit is not run.
names=''
for plan in "$out"/plans/*.json; do
  name=$(basename "$plan" .json)
  document_name "$name" || die "'$name': the plan's name must be of letters, digits and ._+-" 3
  predict=("$sextant" simulate "${inputs[@]}" --estimator "$estimator" --plan "$plan")
  attempt "predict-$name" "${predict[@]}" --memory
  case $status in
    0) names+=$name$'\n' ;;
    4) echo "loop.sh: warning: plan $name will not fit, and is not run" >&2 ;;
    *) give_up "predict-$name" ;;
  esac
  note "${predict[@]}" --json
  "${inside[@]}" "${predict[@]}" --json 2> /dev/null > "$out/predictions/$name.json.part" || [ $? -eq "$status" ] \
    || give_up "predict-$name"
  if [ -s "$out/predictions/$name.json.part" ]; then
    mv -- "$out/predictions/$name.json.part" "$out/predictions/$name.json"
  else
    rm -- "$out/predictions/$name.json.part"
  fi
done
[ -n "$names" ] || die "no plan fits" 4
keep "$out/to_run.txt" <<< "${names%$'\n'}"
