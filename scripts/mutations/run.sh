#!/usr/bin/env bash
# Plants one fault at a time, each a patch beside this script, and asks who notices: the parity tests (held against recorded outputs of the
# reference implementation), the other unit tests, the gate (atrous check against results/reference/gate.json), and the gate's bits.
#
#     scripts/mutations/run.sh OUT [NAME...]
#
# writes OUT/mutations.md. Without names all are planted, ten minutes each on two cores; first of all none, which nobody may notice. What
# is finished in OUT is not done again. CARGO_TARGET_DIR is where it builds (default: OUT/target). Needs jq.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
[ $# -ge 1 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
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

# Runs tests, sweep and checks of the source as it is; leaves them in OUT/NAME.
observe() {
    local folder=$out/$1
    mkdir -p "$folder"
    cd "$source"
    cargo build --release 2>"$folder/build.log" || { tail -30 "$folder/build.log" >&2; exit 1; }
    # Compiled apart, so that a compiler's error is not taken for a failed test.
    cargo test --release --lib --test parity --no-run 2>>"$folder/build.log" || { tail -30 "$folder/build.log" >&2; exit 1; }
    cargo test --release --no-fail-fast --lib --test parity -- --skip vulkan >"$folder/tests.log" 2>&1 || true
    local atrous=$CARGO_TARGET_DIR/release/atrous
    "$atrous" sweep gate --device flex --out "$folder/runs" >"$folder/sweep.log" 2>&1 || true
    [ "$1" != 00-nothing ] || "$atrous" record "$folder/runs" --reference "$out/bits.json"
    # Worse, or not to be judged, is what is asked for.
    "$atrous" check "$folder/runs" --reference "$root/results/reference/gate.json" --json "$folder/check.json" >"$folder/check.md" || true
    "$atrous" check "$folder/runs" --reference "$out/bits.json" --json "$folder/bits.json" >"$folder/bits.md" || true
    touch "$folder/done"
}

# A line of the table.
line() {
    local folder=$out/$1 failed parity others
    failed=$(grep -E '^test .* FAILED$' "$folder/tests.log" || true)
    parity=$(grep -c golden <<<"$failed" || true)
    others=$(grep -cE '^test ' <<<"$(grep -v golden <<<"$failed" || true)" || true)
    printf '| %s | %s | %s | %s | %s | %s | %s | %s |\n' "$1" "$2" "$parity" "$others" \
        "$(jq -r '.status | gsub("_"; " ")' "$folder/check.json")" \
        "$(jq -r 'if .overall then (100 * .overall.tested.difference * 100 | round / 100 | tostring) else "-" end' "$folder/check.json")" \
        "$(jq -r '[.cells[] | select(.status == "worse") | .experiment + " " + .rates] | join(", ")' "$folder/check.json")" \
        "$(jq -r '([.cells[].exact.equal] | add | tostring) + " of " + ([.cells[].exact.comparable] | add | tostring)' "$folder/bits.json")"
}

for name in 00-nothing "$@"; do
    [ ! -e "$out/$name/done" ] || continue
    if [ "$name" = 00-nothing ]; then
        observe "$name"
    else
        patch -d "$source" -p1 -s <"$here/$name.patch"
        observe "$name"
        patch -d "$source" -p1 -s -R <"$here/$name.patch"
    fi
    echo "$name observed" >&2
done

{
    echo '| fault | what it is | parity tests that fail | other tests that fail | gate | mean mIoU, points | cells that are worse | runs with the same bits |'
    echo '|---|---|---|---|---|---|---|---|'
    for name in 00-nothing "$@"; do
        [ -e "$out/$name/done" ] || continue
        about='none' && [ "$name" = 00-nothing ] || about=$(head -1 "$here/$name.patch")
        line "$name" "$about"
    done
} | tee "$out/mutations.md"
