#!/usr/bin/env bash
# Plants one fault at a time, each a patch beside this script, and asks who notices: the parity tests (held against recorded outputs of the
# reference implementation), the other unit tests, the gate (atrous check against results/reference/gate.json), and the gate's bits.
#
#     scripts/mutations/run.sh OUT [NAME...]
#
# writes OUT/mutations.md. Without names all are planted, ten minutes each on two cores; first of all none, which nobody may notice. The
# gate comes last, first for those that the parity tests have missed. What is finished in OUT is not done again. CARGO_TARGET_DIR is
# where it builds (default: OUT/target). Needs jq.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
case ${1-} in '' | -*) sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;; esac
mkdir -p "$1"
out=$(cd "$1" && pwd)
shift
command -v jq >/dev/null || { echo "jq is missing: install it" >&2; exit 2; }
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$out/target}"
source=$out/source
[ $# -gt 0 ] || set -- $(cd "$here" && ls [0-9]*.patch | sed 's/\.patch$//')

# A copy of the working tree, with its times: what is not patched is not compiled again.
mkdir -p "$source"
tar -C "$root" -cf - --exclude=./target --exclude=./runs --exclude=./datasets --exclude=./.git . | tar -C "$source" -xf -

# Builds the source as it is and runs its tests; leaves the program and what the tests said in OUT/NAME.
run_tests() {
    local folder=$out/$1
    mkdir -p "$folder"
    cd "$source"
    # Compiled apart, so that a compiler's error is not taken for a failed test.
    cargo build --release 2>"$folder/build.log" || { tail -30 "$folder/build.log" >&2; exit 1; }
    cargo test --release --lib --test parity --no-run 2>>"$folder/build.log" || { tail -30 "$folder/build.log" >&2; exit 1; }
    cp "$CARGO_TARGET_DIR/release/atrous" "$folder/atrous"
    cargo test --release --no-fail-fast --lib --test parity -- --skip vulkan >"$folder/tests.log" 2>&1 || true
    grep -E '^test .* FAILED$' "$folder/tests.log" >"$folder/failed" || true
    touch "$folder/tested"
}

# Sweeps and checks with the program of OUT/NAME.
run_gate() {
    local folder=$out/$1
    "$folder/atrous" sweep gate --device flex --out "$folder/runs" >"$folder/sweep.log" 2>&1 || true
    [ "$1" != 00-nothing ] || "$folder/atrous" record "$folder/runs" --reference "$out/bits.json"
    # Worse, or not to be judged, is what is asked for.
    "$folder/atrous" check "$folder/runs" --reference "$root/results/reference/gate.json" --json "$folder/check.json" >"$folder/check.md" || true
    "$folder/atrous" check "$folder/runs" --reference "$out/bits.json" --json "$folder/bits.json" >"$folder/bits.md" || true
    touch "$folder/gated"
}

# A line of the table; what has not been run is left open.
line() {
    local folder=$out/$1 parity others gate='| | | | |'
    parity=$(grep -c golden "$folder/failed" || true)
    others=$(grep -vc golden "$folder/failed" || true)
    if [ -e "$folder/gated" ]; then
        gate=$(printf '%s | %s | %s | %s | %s |' \
            "$(jq -r '.status | gsub("-"; " ")' "$folder/check.json")" \
            "$(jq -r 'if .overall then (10000 * .overall.difference | round / 100 | tostring) else "-" end' "$folder/check.json")" \
            "$(jq -r '[.cells[] | select(.status == "worse") | .experiment + " " + .rates] | join(", ")' "$folder/check.json")" \
            "$(jq -r '([.cells[].first_losses.changed | length] | add | tostring) + " of " + ([.cells[].first_losses.comparable] | add | tostring)' "$folder/check.json")" \
            "$(jq -r '([.cells[].exact.equal] | add | tostring) + " of " + ([.cells[].exact.comparable] | add | tostring)' "$folder/bits.json")")
    fi
    printf '| %s | %s | %s | %s | %s\n' "$1" "$2" "$parity" "$others" "$gate"
}

table() {
    echo '| fault | what it is | parity tests that fail | other tests that fail | gate | mean mIoU, points | cells that are worse | runs with other first losses | runs with the same bits |'
    echo '|---|---|---|---|---|---|---|---|---|'
    for name in 00-nothing "$@"; do
        [ -e "$out/$name/tested" ] || continue
        about='none' && [ "$name" = 00-nothing ] || about=$(head -1 "$here/$name.patch")
        line "$name" "$about"
    done
}

plant() { [ "$1" = 00-nothing ] || patch -d "$source" -p1 -s "${@:2}" <"$here/$1.patch"; }

for name in 00-nothing "$@"; do
    [ ! -e "$out/$name/tested" ] || continue
    plant "$name"
    run_tests "$name"
    plant "$name" -R
    table "$@" >"$out/mutations.md"
done

missed() { grep -q golden "$out/$1/failed" && return 1 || return 0; }
order=(00-nothing)
for name in "$@"; do missed "$name" && order+=("$name"); done
for name in "$@"; do missed "$name" || order+=("$name"); done
for name in "${order[@]}"; do
    [ -e "$out/$name/gated" ] || run_gate "$name"
    table "$@" >"$out/mutations.md"
done
cat "$out/mutations.md"
