#!/usr/bin/env bash
# Submits a sweep to Slurm, as an array job of N shards.
#
#     scripts/slurm/submit.sh SPEC N [SBATCH_OPTIONS] -- [ATROUS_OPTIONS]
#
# SBATCH_OPTIONS say what a shard needs: partition, time, memory, GPUs. ATROUS_OPTIONS are those of `atrous sweep`, but for
# --shard: --out and --data-root have to be folders that all nodes see. ATROUS names the program (default: atrous).
# Prints the number of the job. docs/guide/clusters.md has more.
# Example: scripts/slurm/submit.sh paper 12 --partition=gpu --gres=gpu:1 --time=24:00:00 -- --data-root /shared/data --out /shared/paper
set -euo pipefail

fail() { echo "error: $*" >&2; exit 2; }

if [ $# -lt 2 ] || [[ $1 == -* ]]; then
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
spec=$1 shards=$2
shift 2
[[ $shards =~ ^[1-9][0-9]{0,4}$ ]] || fail "N is $shards: give a number of shards, such as 4"
slurm=() elsewhere=
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    [[ $1 != --array* && $1 != -a* ]] || fail "$1: the array is N shards, 0 to $((shards - 1))"
    [[ $1 != --chdir* && $1 != -D* ]] || elsewhere=$1
    slurm+=("$1")
    shift
done
[ $# -eq 0 ] || shift
previous=
for option; do
    # Where the job runs elsewhere, a path from here would be another one there.
    if [ -n "$elsewhere" ]; then
        path=
        case $previous in --out | --data-root) path=$option ;; esac
        case $option in --out=* | --data-root=*) path=${option#*=} ;; esac
        [[ -z $path || $path == /* ]] || fail "$path: with $elsewhere, give --out and --data-root from the root"
    fi
    previous=$option
    [[ $option != --shard* && $option != --dry-run && $option != --list ]] || fail "$option: belongs to \`atrous sweep\` alone"
done

[ -z "$elsewhere" ] || [[ " $* " == *" --out"[\ =]* ]] || fail "with $elsewhere, say with --out where the runs go, from the root"
ATROUS=${ATROUS:-atrous}
command -v "$ATROUS" >/dev/null || fail "there is no $ATROUS: install it (cargo install --path harness), or name it in ATROUS"
command -v sbatch >/dev/null || fail "there is no sbatch: run this where jobs are submitted"

# The job may run in another folder, and without this environment (--export=NONE): all that it needs is an argument.
program=$(realpath "$(command -v "$ATROUS")")
[ ! -f "$spec" ] || spec=$(realpath "$spec")
if [ -n "${ATROUS_DATA:-}" ] && [[ " $* " != *" --data-root"[\ =]* ]]; then
    set -- "$@" --data-root "$(realpath "$ATROUS_DATA")"
fi

# Also finds what is wrong with the options before the job has waited for its turn.
plan=$("$program" sweep "$spec" "$@" --dry-run --shard "$((shards - 1))/$shards") || exit 2
runs=$(sed -n '1s/^shard .*: [0-9]* of \([0-9]*\) runs .*/\1/p' <<<"$plan")
[ -n "$runs" ] || fail "cannot tell how many runs $spec has"
[ "$shards" -le "$runs" ] || fail "N is $shards and $spec has $runs runs: give $runs or less"

job=$(sbatch --parsable --array="0-$((shards - 1))" "${slurm[@]}" "$(dirname "${BASH_SOURCE[0]}")/sweep.sbatch" "$program" "$shards" "$spec" "$@")
echo "$runs runs in $shards shards" >&2
echo "${job%%;*}"
