# shellcheck shell=bash
# shellcheck disable=SC2154  # the settings are those of settings.sh
# To be sourced after settings.sh: how the steps of the loop start programs and keep what they say.
source "$loop_folder/../find_program.sh"
source "$loop_folder/../plan_document.sh"

# Programs of ours start with it: where there is a container, inside.
inside=()
commands=$out/commands.txt

die() { echo "loop.sh: error: $1" >&2; exit "${2:-2}"; }

# begin_step FLAG…: the settings, and what follows from them.
begin_step() {
  read_settings "$@"
  commands=$out/commands.txt
  if [ -n "$container" ]; then inside=("$slurm_scripts/run_in_container.sh" "$container"); fi
  if [ "$device" = cpu ]; then
    # A rank's thread shares the machine with the other ranks' only, as in run_plan.
    export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
    if [ "$through" = processes ]; then export GLOO_SOCKET_IFNAME=${GLOO_SOCKET_IFNAME:-lo}; fi
  fi
}

# program NAME: prints its path.
program() {
  if [ -n "$container" ]; then
    echo "$bin/$1"
  else
    SEXTANT_BIN=$bin find_program "$1" || die "no $1 in SEXTANT_BIN, PATH or this checkout's build" 3
  fi
}

# note COMMAND…: into the list of commands.
note() {
  printf '# %s\n%s\n' "$(date -u '+%Y-%m-%dT%H:%M:%S.%NZ')" "$(printf '%q ' "$@")" >> "$commands"
}
# attempt NAME COMMAND…: the command's output goes to logs/NAME.txt; sets `status`.
attempt() {
  local name=$1
  shift
  note "$@"
  echo "$(date -u '+%H:%M:%S') $name" >&2
  status=0
  "${inside[@]}" "$@" > "$out/logs/$name.txt" 2>&1 || status=$?
}
# give_up NAME: ends the step with the command's exit code.
give_up() {
  tail -n 20 "$out/logs/$1.txt" >&2
  die "$1 failed with exit code $status (see $out/logs/$1.txt)" "$status"
}
# succeed NAME COMMAND…: an attempt that has to succeed.
succeed() {
  attempt "$@"
  [ "$status" -eq 0 ] || give_up "$1"
}

# keep FILE: what comes in becomes the file, all of it or nothing.
keep() {
  local half=$1.part
  cat > "$half" && mv -- "$half" "$1"
}

# read_model: sets `model_name` and `layer_count` from what `sextant model show` said.
read_model() {
  model_name=$(sed -n 's/^    "name": "\([^"]*\)".*/\1/p' "$out/logs/model.txt" | head -1)
  layer_count=$(sed -n 's/^      "count": \([0-9]*\).*/\1/p' "$out/logs/model.txt" | paste -sd+ | tr -d '\n')
  layer_count=$((layer_count))
  document_name "$model_name" || die "'$model_name': the model's name must be of letters, digits and ._+-" 3
}

# read_gpu_type: sets `gpu_type` as the profiled points have it.
read_gpu_type() {
  local point
  point=$(find "$out/points" -name 'profile_*.json' | sort | head -1)
  [ -n "$point" ] || die "no point was profiled" 3
  gpu_type=$(sed -n 's/^ *"gpu": "\([^"]*\)".*/\1/p' "$point" | head -1)
  document_name "$gpu_type" || die "'$gpu_type': the GPU type's name must be of letters, digits and ._+-" 3
}
