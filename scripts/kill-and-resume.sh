#!/usr/bin/env bash
# Kills a sweep (kill -9) three times at random moments, starts it again each time, and compares its rows with those of an
# undisturbed sweep, bit for bit but for the columns that tell of the machine, the clock and the build.
#
#     scripts/kill-and-resume.sh UNDISTURBED_OUT KILLED_OUT SECONDS SWEEP_ARGUMENTS...
#
# SECONDS is about how long the undisturbed sweep takes. UNDISTURBED_OUT may hold the finished sweep already.
# Example: scripts/kill-and-resume.sh /tmp/a /tmp/b 900 retina-small --data-root DIR --device flex
set -euo pipefail
[ $# -ge 4 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2; }
undisturbed=$1 killed=$2 seconds=$3
shift 3
atrous=${ATROUS:-target/release/atrous}

"$atrous" sweep "$@" --out "$undisturbed" >/dev/null

for kill in 1 2 3; do
    "$atrous" sweep "$@" --out "$killed" >/dev/null 2>&1 &
    pid=$!
    wait_for=$(awk -v s="$seconds" -v r="$RANDOM" 'BEGIN { printf "%.2f", s / 4 * (0.2 + 0.8 * r / 32767) }')
    sleep "$wait_for"
    if kill -9 "$pid" 2>/dev/null; then
        wait "$pid" 2>/dev/null || true
        rows=0
        [ ! -f "$killed/results.csv" ] || rows=$(($(wc -l <"$killed/results.csv") - 1))
        echo "kill $kill: after $wait_for s, $rows rows finished"
    else
        echo "kill $kill: the sweep had ended before"
    fi
done
"$atrous" sweep "$@" --out "$killed" >/dev/null

"$(dirname "${BASH_SOURCE[0]}")/same_rows.py" "$undisturbed" "$killed"
