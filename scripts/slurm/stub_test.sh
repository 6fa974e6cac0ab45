#!/usr/bin/env bash
# What sweep.sbatch makes of each exit code, and what submit.sh makes of paths, with stand-ins for Slurm's commands: seconds, anywhere.
# The real thing is test.sh.
#
#     scripts/slurm/stub_test.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/bin" "$scratch/work"
fail() { echo "error: $*" >&2; exit 1; }

printf '#!/bin/sh\necho RUNNING\n' >"$scratch/bin/squeue"
printf '#!/bin/sh\necho requeued >>%s/requeued\n' "$scratch" >"$scratch/bin/scontrol"
printf '#!/bin/sh\necho "$@" >%s/submitted\necho 7\n' "$scratch" >"$scratch/bin/sbatch"
cat >"$scratch/bin/atrous" <<'STUB'
#!/bin/bash
if [[ " $* " == *" --dry-run "* ]]; then echo "shard 1/2: 2 of 4 runs with 50 % of its cost"; exit 0; fi
[ -z "${STUB_SLEEP:-}" ] || { trap 'exit 75' TERM; for _ in $(seq 600); do sleep 0.1; done; }
case $STUB_CODE in 137) kill -KILL $$ ;; *) exit "$STUB_CODE" ;; esac
STUB
chmod +x "$scratch"/bin/*
export ATROUS=atrous PATH="$scratch/bin:$PATH" SLURM_ARRAY_JOB_ID=5 SLURM_ARRAY_TASK_ID=1 SLURM_JOB_ID=6 REQUEUE_WAIT=0
cd "$scratch/work"

task() {
    local code=0
    bash "$here/sweep.sbatch" atrous 4 ci >/dev/null 2>&1 || code=$?
    echo "$code"
}
requeued() { wc -l 2>/dev/null <"$scratch/requeued" || echo 0; }
expect() {
    [ "$2" = "$3" ] || fail "$1: $2, and not $3"
}

export STUB_CODE
for STUB_CODE in 0 1 2; do
    expect "code of $STUB_CODE" "$(task)" "$STUB_CODE"
    expect "requeued after $STUB_CODE" "$(requeued)" 0
done
# Killed, busy or full: three times, then no more.
for STUB_CODE in 137 75; do
    rm -f .atrous-5-1.tries "$scratch/requeued"
    for _ in 1 2 3 4 5; do expect "code of $STUB_CODE" "$(task)" "$STUB_CODE"; done
    expect "requeued after $STUB_CODE" "$(requeued)" 3
done
# Done at last, the tries are forgotten.
STUB_CODE=0
task >/dev/null
[ ! -e .atrous-5-1.tries ] || fail "tries are kept after all went well"
# Stopped by a time limit: as often as it comes.
STUB_SLEEP=1
export STUB_SLEEP
rm -f "$scratch/requeued"
for _ in 1 2 3 4 5; do
    bash "$here/sweep.sbatch" atrous 4 ci >/dev/null 2>&1 &
    script=$!
    sleep 0.5
    kill -TERM "$script"
    wait "$script" || true
done
expect "requeued after a time limit" "$(requeued)" 5
unset STUB_SLEEP

# Paths and the environment of whoever submits.
echo spec >my.toml
submit() { "$here/submit.sh" "$@" >/dev/null 2>"$scratch/error"; }
submit my.toml 2 --export=NONE -- --out runs || fail "submit.sh: $(cat "$scratch/error")"
grep -q "sweep.sbatch $scratch/bin/atrous 2 $PWD/my.toml --out runs" "$scratch/submitted" || fail "submitted: $(cat "$scratch/submitted")"
submit my.toml 2 --chdir=/tmp -- --out /shared/runs || fail "submit.sh: $(cat "$scratch/error")"
ATROUS_DATA=. submit my.toml 2 || fail "submit.sh: $(cat "$scratch/error")"
grep -q -- "--data-root $PWD" "$scratch/submitted" || fail "submitted: $(cat "$scratch/submitted")"
for wrong in "--out runs" "--out=runs" "--out /r --data-root data" ""; do
    # shellcheck disable=SC2086
    if submit my.toml 2 --chdir=/tmp -- $wrong; then fail "submit.sh takes --chdir with '$wrong'"; fi
    grep -q "^error: .*from the root" "$scratch/error" || fail "$(cat "$scratch/error")"
done
echo "the job script and submit.sh do what is promised"
