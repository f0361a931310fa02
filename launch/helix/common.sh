# shellcheck shell=bash
# To be sourced by the scripts beside it.
source "$(dirname "${BASH_SOURCE[0]}")/../guide.sh"

# The machine types that some placements serve with one after the other.
readonly machine_types=(a100 l4 t4)

# find_cluster: which cluster step1_gen_cluster left below the current folder: `cluster` is its name as the
# artifact has it, `cluster_file` its path.
find_cluster() {
  local name file found=()
  for name in single geo; do
    file=config/cluster24.ini
    [ $name = single ] || file=config/3cluster24.ini
    if [ -f $file ]; then found+=("$name"); fi
  done
  if [ ${#found[@]} -ne 1 ]; then
    echo "$script: error: expected one cluster in config, found ${#found[@]}; step1_gen_cluster leaves it" >&2
    exit 3
  fi
  cluster=${found[0]}
  cluster_file=config/cluster24.ini
  [ "$cluster" = single ] || cluster_file=config/3cluster24.ini
}
