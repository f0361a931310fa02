#!/bin/bash
# veth_test.sh BIN: sweeps of send_recv and all_reduce between two network namespaces that are joined
# by a veth pair, each with a host name of its own, as between two machines. Needs root; skips (77)
# where namespaces cannot be made.
set -euo pipefail
bin=$1
left=sextant-l-$$
right=sextant-r-$$
work=$(mktemp -d)

cleanup() {
  local status=$?
  ip netns del "$left" 2>/dev/null || true
  ip netns del "$right" 2>/dev/null || true
  if ((status != 0 && status != 77)); then cat "$work"/*.txt >&2 2>/dev/null || true; fi
  rm -rf "$work"
  exit $status
}
trap cleanup EXIT

skip() {
  echo "skipped: $1"
  exit 77
}

fail() {
  echo "failed: $1" >&2
  exit 1
}

command -v ip >/dev/null || skip "there is no ip (iproute2)"
command -v unshare >/dev/null || skip "there is no unshare (util-linux)"
ip netns add "$left" 2>/dev/null || skip "network namespaces cannot be made here"
ip netns add "$right"
ip -n "$left" link add veth-l type veth peer name veth-r netns "$right" 2>/dev/null ||
  skip "veth pairs cannot be made here"
ip -n "$left" addr add 10.91.7.1/24 dev veth-l
ip -n "$right" addr add 10.91.7.2/24 dev veth-r
for end in "$left lo" "$left veth-l" "$right lo" "$right veth-r"; do
  read -r namespace device <<<"$end"
  ip -n "$namespace" link set "$device" up
done
unshare --uts true 2>/dev/null || skip "host names cannot be separated here"

# bench NAMESPACE HOST RANK [OPTION…]
bench() {
  local namespace=$1 host=$2 rank=$3
  shift 3
  ip netns exec "$namespace" unshare --uts bash -c 'hostname "$0"; exec "$@"' "$host" \
    "$bin/nccl_bench" --backend gloo --rendezvous 10.91.7.1:29400 --world-size 2 \
    --first-rank "$rank" --local-ranks 1 --timeout 30 --op send_recv,all_reduce \
    --min-bytes 1KiB --max-bytes 16MiB --factor 4 --time-limit 0.3 --min-samples 5 \
    --interconnect "veth pair" "$@" >"$work/$host.txt" 2>&1
}

bench "$right" machine-b 1 &
second=$!
bench "$left" machine-a 0 -o "$work/bandwidth.json" --csv "$work/bandwidth.csv" ||
  fail "rank 0 ended with $?"
wait $second || fail "rank 1 ended with $?"

grep -q '"complete": true' "$work/bandwidth.json" || fail "the sweep is not complete"
for expected in '"transport": "tcp on veth-l; tcp on veth-r"' '"level": "between_nodes"' '"host": "machine-a"' \
  '"host": "machine-b"' '"interface": "veth-l"' '"interface": "veth-r"' '"address": "10.91.7.2"' \
  '"evidence": "measured-cpu"'; do
  grep -q "$expected" "$work/bandwidth.json" || fail "$expected is not in the document"
done
# Eight sizes of two operations, the last column (wrong values) 0.
lines=$(grep -c ',between_nodes,.*,0$' "$work/bandwidth.csv") || true
[[ $lines -eq 16 ]] || fail "$lines of 16 sizes are verified"
cat "$work/machine-a.txt"

# Fitted and predicted: positive from 1 byte to 100 GB, and better at sizes that were left out than the
# published quadratic.
"$bin/sextant" network fit "$work/bandwidth.json" -o "$work/network.json" --json >"$work/fit.txt" ||
  fail "network fit ended with $?"
for operation in "" "--op all_reduce --world-size 2" "--op all_reduce --world-size 8"; do
  # shellcheck disable=SC2086 # several words
  "$bin/sextant" network show "$work/network.json" $operation --bytes 1,1000,1e6,1e9,1e11 >>"$work/show.txt" ||
    fail "no prediction for ${operation:-send_recv}"
done
cat "$work/show.txt"
command -v python3 >/dev/null || exit 0
python3 - "$work/fit.txt" <<'END' || fail "the fit is no better than the quadratic"
import json, sys
for fit in json.load(open(sys.argv[1]))["fits"]:
    errors = {c["model"]: c.get("left_out_median") for c in fit["fit"]["candidates"]}
    chosen = min(e for m, e in errors.items() if m.startswith(fit["model"]) and e is not None)
    print(fit["title"], fit["model"], "left out:", chosen, "quadratic:", errors["quadratic_log2_mb"])
    assert chosen < errors["quadratic_log2_mb"]
END
