#!/usr/bin/env bash
# Fuzzes readers with libFuzzer: each target gets the committed corpus, altered for so many seconds wherever that reaches code that was
# not reached before. What makes one fail is left in fuzz/artifacts/TARGET. Works on stable Rust; needs a C++ compiler.
#
#     scripts/fuzz.sh SECONDS TARGET...
#
# image, label and lists build in two minutes; spec, checkpoint_safetensors, checkpoint_pth, checkpoint_own and results bring burn along and
# take a quarter of an hour. CARGO_TARGET_DIR says where builds go [fuzz/target].
set -euo pipefail
cd "$(dirname "$0")/../fuzz"
# The versions that the program is built with.
cp ../Cargo.lock Cargo.lock

seconds=${1:?how many seconds for each target}
shift
[ $# -gt 0 ] || { echo "name targets: $(cd fuzz_targets && echo *.rs | sed 's/\.rs//g')" >&2; exit 2; }

features=()
for target in "$@"; do
    case $target in image | label | lists) ;; *) features=(--features files) ;; esac
done

# Edges are counted, and comparisons are seen; --cfg fuzzing as cargo-fuzz has it. Build scripts are left alone: hence --target.
host=$(rustc -vV | sed -n 's/^host: //p')
coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
for target in "$@"; do
    RUSTFLAGS="$coverage" cargo build --release --target "$host" "${features[@]}" --bin "$target"
done

for target in "$@"; do
    echo "== $target"
    found=$(mktemp -d)
    mkdir -p "artifacts/$target"
    # Memory: what an image of a megapixel takes, and what the fuzzer keeps for itself.
    "$CARGO_TARGET_DIR/$host/release/$target" "$found" "../harness/tests/corpus/$target" -artifact_prefix="artifacts/$target/" \
        -max_total_time="$seconds" -max_len=65536 -timeout=20 -rss_limit_mb=1024 -malloc_limit_mb=512 -print_final_stats=1 -verbosity=0
    rm -r "$found"
done
