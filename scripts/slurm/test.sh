#!/usr/bin/env bash
# Runs a small sweep on a Slurm cluster of its own, on this machine alone (cluster.sh): three shards, one of which is stopped, one killed
# and one met by its time limit. Then holds its rows against those of a sweep without Slurm, and cancels another one. Prints one line in
# the end.
#
#     scripts/slurm/test.sh
#
# Needs root, and installs Debian's slurm-wlm and munge where there is no Slurm. ATROUS names the program (default: builds it). Takes
# five to eight minutes. Where a run takes less than 40 seconds, ITERATIONS (default: 3000) has to make it longer: Slurm looks at time limits
# every half minute.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source scripts/python_env.sh
source scripts/slurm/cluster.sh
need_python
atrous_binary
ATROUS=$(realpath "$ATROUS")
cluster_install

scratch=$(mktemp -d)
trap 'code=$?; cluster_stop; if [ "$code" = 0 ]; then rm -rf "$scratch"; else echo "logs are in $scratch" >&2; fi' EXIT
# Slurm's own path to the jobs' logs goes through it.
chmod 711 "$scratch"
options=(--device flex --set "train.iterations=${ITERATIONS:-3000}" --set train.checkpoint_every=20)

"$ATROUS" sweep ci "${options[@]}" --out "$scratch/alone" >"$scratch/alone.log" 2>&1 || fail "a sweep without Slurm: see $scratch/alone.log"

cluster_start "$scratch/slurm"
out=$scratch/shared
# What cannot be is said before anything is submitted.
refused() {
    local code=0
    scripts/slurm/submit.sh "$@" >/dev/null 2>"$scratch/refused" || code=$?
    [ "$code" = 2 ] && [ "$(grep -c '^error: ' "$scratch/refused")" = 1 ] || fail "submit.sh $*: code $code, $(cat "$scratch/refused")"
}
refused ci 5 -- --device flex
refused ci 0
refused ci 2 --array=3
refused ci 2 -- --shard 0/2
refused ci 2 -- --set train.bacth=2
[ -z "$(squeue --noheader)" ] || fail "submit.sh submitted what it refused"

# Three shards on two processors, each with an hour, and SIGTERM 45 seconds before it is over.
job=$(scripts/slurm/submit.sh ci 3 --time=60 --signal=B:TERM@45 --chdir="$scratch" -- "${options[@]}" --jobs 1 --out "$out")

log() { cat "$scratch/atrous-$job-$1.log" 2>/dev/null; }
states() { squeue --noheader --states=all --job="$job" --format='%K %T %r'; }
done_well() { [ "$(states | grep -c COMPLETED)" = 3 ]; }
ended_badly() { states | grep -Eq 'FAILED|CANCELLED|TIMEOUT|NODE_FAIL|[Hh]eld'; }
# Waits for a command to succeed, which it does before all is done.
wait_for() {
    until "$@" >/dev/null 2>&1; do
        ! done_well || [ "$1" = done_well ] || fail "waiting for '$*', and all is done: raise ITERATIONS"
        ! ended_badly || fail "a task has ended badly: $(states | tr '\n' ';')"
        sleep 0.2
    done
}
# Whether the run that a shard is at has a checkpoint.
trained() {
    local run
    run=$(log "$1" | sed -n 's|^run [0-9]* of [0-9]*: \(.*\), rates \(.*\), seed \([0-9]*\)$|\1/\2/seed-\3|p' | tail -n 1)
    [ -n "$run" ] && ls "$out/$run"-*/checkpoint.safetensors
}
stopped() { log "$1" | grep -q 'exit code 75'; }

wait_for trained 0
scancel --signal=TERM --batch "${job}_0"
wait_for trained 1
scontrol requeue "${job}_1"
# A limit that is less than the 45 seconds before it, and half a minute's patience, away.
wait_for trained 2
scontrol update "job=${job}_2" TimeLimit=1
wait_for stopped 2
wait_for scontrol update "job=${job}_2" TimeLimit=60
wait_for done_well

for shard in 0 1 2; do
    log $shard | grep -q '^== shard.* start 1,' || fail "shard $shard was interrupted and did not start again: see its log"
done
starts=$(cat "$scratch/atrous-$job"-*.log | grep -c '^== shard.* start ')
same=$(scripts/same_rows.py "$scratch/alone" "$out") || fail "$same"

# Whoever cancels a job does not want it back, although it ends with a checkpoint and code 75.
out=$scratch/cancelled
job=$(scripts/slurm/submit.sh ci 1 --time=60 --chdir="$scratch" -- "${options[@]}" --jobs 1 --out "$out")
wait_for trained 0
scancel "$job"
until states | grep -q CANCELLED; do
    ! states | grep -q PENDING || fail "a job was cancelled and is back in the queue"
    sleep 0.2
done
stopped 0 || fail "a job was cancelled and wrote no checkpoint: see its log"
! squeue --noheader | grep -q . || fail "a job was cancelled and is still there"
echo "ok: Slurm $(scontrol --version | cut -d' ' -f2), 3 shards, one stopped, one killed, one past its time limit, $starts starts in all: $same"
