#!/usr/bin/env bash
# run_in_container.sh IMAGE PROGRAM ARGUMENT…: becomes the program, inside the image where IMAGE is not
# empty. It replaces itself, so that Slurm's signals reach the program.
set -euo pipefail
image=$1
shift
case $image in
  '') exec "$@" ;;
  *.sif) exec apptainer exec --nv "$image" "$@" ;;
  *) exec srun --ntasks=1 --container-image="$image" --container-mounts="$PWD:$PWD" \
       --container-workdir="$PWD" "$@" ;;
esac
