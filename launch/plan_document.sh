# shellcheck shell=bash
# To be sourced: plan and job documents from the figures of a table, where every stage has the same
# degrees.

# document_name TEXT: whether a name can stand in a document and in a file's name as it is.
document_name() { [[ $1 =~ ^[A-Za-z0-9][A-Za-z0-9._+-]{0,99}$ ]]; }

# plan_document MODEL GPU ZONE GPUS_PER_NODE GLOBAL_BATCH MICROBATCH LAYERS DATA_PARALLEL TENSOR_PARALLEL
# [recompute] prints a plan whose stages have LAYERS layers, as in 5/7/7/7, under 1F1B. Replicas fill nodes one after
# the other, in the order of ranks: stage after stage, replica after replica.
plan_document() {
  local model=$1 gpu=$2 zone=$3 per_node=$4 global_batch=$5 microbatch=$6 layers=$7 data=$8 tensor=$9
  local counts first=0 rank=0 stages='' replicas machines count replica left here
  IFS=/ read -ra counts <<< "$layers"
  for count in "${counts[@]}"; do
    replicas=''
    for ((replica = 0; replica < data; ++replica)); do
      machines=''
      for ((left = tensor; left > 0; left -= here, rank += here)); do
        here=$((per_node - rank % per_node))
        if [ $here -gt "$left" ]; then here=$left; fi
        machines+="${machines:+, }{\"gpu\": \"$gpu\", \"zone\": \"$zone\", \"node\": $((rank / per_node)), \"count\": $here}"
      done
      replicas+="${replicas:+,}
      {\"tp\": $tensor, \"machines\": [$machines]}"
    done
    stages+="${stages:+,}
    {\"layers\": [[$first, $((first + count))]], \"replicas\": [$replicas]}"
    first=$((first + count))
  done
  cat << END
{
  "schema": "sextant/plan/1.0",
  "model": "$model",
  "layer_count": $first,
  "global_batch": $global_batch,
  "microbatch": $microbatch,
  "schedule": "1f1b",${10:+
  \"recompute\": true,}
  "pipelines": [{"stages": [$stages]}]
}
END
}

# job_document NAME MODEL GLOBAL_BATCH SEQ_LEN DTYPE: a job that run_plan runs with AdamW. MODEL is a name
# or a document, SEQ_LEN '' the model's.
job_document() {
  cat << END
{
  "schema": "sextant/job/1.0",
  "name": "$1",
  "model": "$2",
  "global_batch": $3,${4:+
  \"seq_len\": $4,}
  "optimizer": "adam",
  "dtype": "$5",
  "framework": "sextant",
  "objective": "throughput"
}
END
}
