# shellcheck shell=bash
# To be sourced: the nodes of a list and their pairs.

# hosts_of LIST: sets `hosts` to the names that a list of Slurm's, as in n[1-4],n7, stands for; each once.
hosts_of() {
  local host
  local -A seen=()
  hosts=()
  while read -r host; do
    [ -z "${seen[$host]-}" ] || continue
    seen[$host]=1
    hosts+=("$host")
  done < <(scontrol show hostnames "$1")
  [ ${#hosts[@]} -gt 0 ]
}

# pair_count: of `hosts`, whatever their order.
pair_count() { echo $((${#hosts[@]} * (${#hosts[@]} - 1) / 2)); }

# pair_of INDEX: sets `first` and `second`; pairs count 0 1, 0 2, …, 1 2, …
pair_of() {
  local left=$1 i=0
  while [ "$left" -ge $((${#hosts[@]} - 1 - i)) ]; do
    left=$((left - (${#hosts[@]} - 1 - i)))
    i=$((i + 1))
  done
  first=${hosts[i]} second=${hosts[i + 1 + left]}
}
