# shellcheck shell=bash
# shellcheck disable=SC2154  # the settings are those of settings.sh, the flags of Slurm those of common.sh
# To be sourced by launch/loop.sh: its steps as a chain of Slurm's jobs, each of which waits for the one
# before it to end well.

step_names=() step_jobs=()

# submit_step NAME FLAG… -- COMMAND…: a job after the last one; keeps its name and id.
submit_step() {
  local name=$1 flags=() id
  shift
  while [ "$1" != -- ]; do flags+=("$1"); shift; done
  shift
  if [ ${#step_jobs[@]} -gt 0 ]; then flags+=(--dependency="afterok:${step_jobs[-1]}"); fi
  id=$(sbatch --parsable --kill-on-invalid-dep=yes "${sbatch_flags[@]}" "${flags[@]}" \
    --job-name="loop-$name" "$slurm_scripts/step.sbatch" "$@") || {
    cancel_steps
    die "sbatch refuses the job of $name" 3
  }
  step_names+=("$name")
  step_jobs+=("${id%%;*}")  # a federation adds ;CLUSTER
  echo "$name ${id%%;*}" >&2
}

cancel_steps() {
  if [ ${#step_jobs[@]} -gt 0 ]; then scancel "${step_jobs[@]}" 2> /dev/null || true; fi
}

# submit_loop: all steps. On a CPU every node profiles, as every node will run ranks; GPUs of a type are
# taken to be alike.
submit_loop() {
  local profiled=1
  if [ "$device" = cpu ]; then profiled=$nodes; fi
  local ranks=(--exclusive --ntasks-per-node="$gpus" "${gpu_flags[@]}")
  settings_flags
  mkdir -p "$out/slurm" || exit 3
  submit_step profile --nodes=1 "${ranks[@]}" --array="0-$((profiled - 1))" \
    --output="$out/slurm/profile-%A_%a.out" -- "$loop_folder/profile.sh" "${settings[@]}"
  submit_step network --nodes="$nodes" "${ranks[@]}" --output="$out/slurm/network-%j.out" \
    -- "$loop_folder/network.sh" "${settings[@]}"
  submit_step plan --nodes=1 --ntasks=1 --output="$out/slurm/plan-%j.out" \
    -- "$loop_folder/plan.sh" "${settings[@]}"
  submit_step run --nodes="$nodes" "${ranks[@]}" --output="$out/slurm/run-%j.out" \
    -- "$loop_folder/run.sh" "${settings[@]}"
  submit_step compare --nodes=1 --ntasks=1 --output="$out/slurm/compare-%j.out" \
    -- "$loop_folder/compare.sh" "${settings[@]}"
}

# state_of JOB: what becomes of it, from the lines of `queue`: one of its tasks that failed, runs or waits
# stands for all of an array.
state_of() {
  local job state reason place found=''
  while IFS='|' read -r job state reason place; do
    [ "$job" = "$1" ] || continue
    case $state in
      COMPLETED) found=${found:-COMPLETED} ;;
      PENDING) case $found in '' | COMPLETED) found="PENDING ($reason)" ;; esac ;;
      RUNNING | COMPLETING | CONFIGURING | SUSPENDED | REQUEUED | RESIZING | SIGNALING | STAGE_OUT)
        case $found in RUNNING*) ;; *) found="RUNNING on $place" ;; esac ;;
      *) echo "$state"; return ;;
    esac
  done <<< "$queue"
  echo "$found"
}

# exit_code_of JOB: of the first of its tasks that did not end well; 5 where Slurm ended it.
exit_code_of() {
  local code
  code=$(scontrol show job "$1" 2> /dev/null | sed -n 's/.* ExitCode=\([0-9]*\):.*/\1/p' | grep -vx 0 | head -1)
  echo "${code:-5}"
}

# watch_loop: shows what runs till all has ended. Sets `failed`, the index of the first step that did not
# end well, or ''.
watch_loop() {
  local pause=1 silent=0 shown=() i state text ended
  failed=''
  while true; do
    if queue=$(squeue --noheader --states=all --jobs="$(IFS=,; echo "${step_jobs[*]}")" \
      --format='%F|%T|%r|%N' 2> /dev/null); then
      silent=0
    else
      silent=$((silent + pause))
      [ $silent -lt 300 ] || die "Slurm does not answer; the jobs ${step_jobs[*]} go on" 3
      sleep $pause
      continue
    fi
    ended=yes
    for i in "${!step_jobs[@]}"; do
      state=$(state_of "${step_jobs[i]}")
      case $state in
        COMPLETED | '') text=COMPLETED ;;  # Slurm forgets jobs that ended some minutes ago
        'PENDING (Dependency)') text=''; ended=no ;;
        PENDING* | RUNNING*) text=$state; ended=no ;;
        *) failed=$i; text=$state ;;
      esac
      if [ -n "$text" ] && [ "${shown[i]:-}" != "$text" ]; then
        echo "$(date -u '+%H:%M:%S') ${step_names[i]} ${step_jobs[i]} $text" >&2
        shown[i]=$text
      fi
      if [ -n "$failed" ]; then return; fi
    done
    if [ $ended = yes ]; then return; fi
    sleep $pause
    if [ $pause -lt 5 ]; then pause=$((pause + 1)); fi
  done
}

# seen FILE: waits for what another node wrote: file systems of clusters show it late.
seen() {
  local i
  for ((i = 0; i < 30; ++i)); do
    if [ -s "$1" ]; then return; fi
    sleep 1
  done
  die "$1 does not appear; is $out on all nodes?" 3
}

# conclude_loop: the table, or why there is none; ends the script.
conclude_loop() {
  local code=0 log name
  if [ -n "$failed" ]; then
    code=$(exit_code_of "${step_jobs[failed]}")
    name=${step_names[failed]}
    if [ "$name" != compare ] || [ "$code" -ne 5 ]; then
      for log in "$out/slurm/$name-${step_jobs[failed]}"*.out; do
        if [ -s "$log" ]; then tail -n 20 "$log" >&2; fi
      done
      cancel_steps
      die "$name (job ${step_jobs[failed]}) failed with exit code $code (see $out/slurm/$name-${step_jobs[failed]}*.out)" "$code"
    fi
  fi
  seen "$out/logs/validation.txt"
  cat "$out/logs/validation.txt"
  grep -h '^loop.sh: warning:' "$out"/slurm/{plan,run,compare}-*.out >&2 || true
  exit "$code"
}
