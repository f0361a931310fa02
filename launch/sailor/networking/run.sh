#!/usr/bin/env bash
# run.sh WORLD_SIZE START_RANK IP PORT [OPTION…]: measures what two nodes exchange: each of the first
# WORLD_SIZE/2 GPUs sends to its peer among the others, all at once, messages of 64 KiB to 1 GiB. Run it
# on both nodes, with START_RANK 0 on the one whose address is IP, and WORLD_SIZE/2 on the other.
# The first is left data_<WORLD_SIZE>.csv, lines of bytes and GB/s of all senders together, and beside it
# the bandwidth document data_<WORLD_SIZE>.json, in the current folder. Then: fit_func data_<WORLD_SIZE>.csv
# Further options go to nccl_bench, as in: run.sh 2 0 10.0.0.1 5000 --backend gloo --max-bytes 1MiB
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../../guide.sh"
split_arguments "$@"
[ ${#positional[@]} -eq 4 ] || wrong_usage "expected WORLD_SIZE, START_RANK, IP and PORT, found ${#positional[@]} of them"
world_size=${positional[0]} start_rank=${positional[1]} address=${positional[2]} port=${positional[3]}
[[ $world_size =~ ^[1-9][0-9]{0,5}$ ]] && [ $((world_size % 2)) -eq 0 ] \
  || wrong_usage "WORLD_SIZE '$world_size': expected an even number of ranks, half of them on each node"
half=$((world_size / 2))
case $start_rank in
  0 | "$half") ;;
  *) wrong_usage "START_RANK '$start_rank': expected 0 or $half" ;;
esac
[[ $port =~ ^[1-9][0-9]{0,4}$ ]] && [ "$port" -le 65535 ] || wrong_usage "PORT '$port': expected a number from 1 to 65535"
[[ $address != *:* ]] || address="[$address]"  # IPv6
for name in -o --output --csv --op --pattern --rendezvous --world-size --first-rank --local-ranks; do
  ! has_option $name || wrong_usage "$name is what this script gives"
done
if ! has_option --bytes; then
  default_option --min-bytes 64KiB
  default_option --max-bytes 1GiB
fi
nccl_bench=$(program nccl_bench)

points=$(mktemp -d)
trap 'rm -rf "$points"' EXIT
status=0
"$nccl_bench" --op send_recv --pattern halves --rendezvous "$address:$port" --world-size "$world_size" \
  --first-rank "$start_rank" --local-ranks "$half" --output "data_$world_size.json" \
  --csv "$points/points.csv" "${options[@]}" || status=$?
if [ -s "$points/points.csv" ]; then
  # Of several data types or placements the first.
  LC_ALL=C awk -F, '
    NR == 1 { for (i = 1; i <= NF; ++i) column[$i] = i; next }
    { kind = $column["dtype"] "," $column["in_place"] }
    NR == 2 { first = kind }
    kind == first { printf "%d,%.9g\n", $column["bytes"], $column["algbw_bytes_per_s"] / 1e9 }
  ' "$points/points.csv" > "$points/data.csv"
  mv "$points/data.csv" "data_$world_size.csv"
fi
exit $status
