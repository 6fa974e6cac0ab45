#!/usr/bin/env bash
# Runs the benchmarks and holds them against results/benchmarks.VECTORS.json (VECTORS: AVX-512, AVX2, as `atrous devices` calls those
# of the processor): each one's time over that of a plain matrix product that is measured beside it, so that neither the machine nor
# what else it does matters much. On one thread, so that the number of cores does not matter either.
#
#     scripts/check_benches.sh           exit status 0: none is slower than the file allows
#                                                    1: one is, in each of three runs
#                                                    2: could not judge: a benchmark that the file does not know, or none
#                                                    3: nothing has been saved for this processor's vectors
#     scripts/check_benches.sh --save    writes the file: medians of three runs
set -euo pipefail
case ${1-} in
    '' | --save) ;;
    *) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The program tells glibc to keep freed memory (harness/src/support/memory.rs): page faults are no part of what is measured.
export MALLOC_MMAP_THRESHOLD_=$((32 << 20)) MALLOC_TRIM_THRESHOLD_=$((1 << 30))
export RAYON_NUM_THREADS=1

benches=(--bench convolution --bench layers --bench step --bench score)
check() { cargo run --release --quiet --example check_benches -- "$@" || status=$?; }

if [ -z "${1-}" ]; then
    # Says whether there is anything to compare with.
    check
    [ "${status-0}" -eq 0 ] || exit "$status"
fi
runs=()
for run in 1 2 3; do
    runs+=("$scratch/run-$run")
    CRITERION_HOME=${runs[-1]} cargo bench "${benches[@]}" -- --noplot --output-format bencher || exit 2
    status=0
    if [ -z "${1-}" ]; then
        check "${runs[@]}"
        # Only what is slower can be a matter of the moment.
        [ "$status" -eq 1 ] || exit "$status"
    fi
done
[ -z "${1-}" ] || check --save "${runs[@]}"
exit "$status"
