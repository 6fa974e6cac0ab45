#!/usr/bin/env bash
# Faults and deceits that leave a plausible file: what has to be said of each, by the program as a user calls it. CI runs it; a minute.
#
#     scripts/faults.sh
#
# ATROUS names the program (default: target/release/atrous). What is promised, and which test holds it: docs/reference/faults.md.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
results=$PWD/results
atrous=$(realpath "${ATROUS:-target/release/atrous}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
export RAYON_NUM_THREADS=${RAYON_NUM_THREADS:-1}
wrong=0

# expect NAME CODE WORDS COMMAND...: the command ends with this code and says these words (a pattern of grep -E).
expect() {
    local name=$1 wanted=$2 words=$3 code=0
    shift 3
    timeout 120 "$@" >said 2>&1 || code=$?
    if [ "$code" = "$wanted" ] && grep -qE -- "$words" said; then
        printf 'right  %-50s exit %s\n' "$name" "$code"
    else
        printf 'WRONG  %-50s exit %s, and not %s with /%s/:\n' "$name" "$code" "$wanted" "$words"
        head -5 said
        wrong=1
    fi
}

sweep() { "$atrous" sweep ci --device flex --jobs 1 "$@" >/dev/null 2>&1; }
first() { find "$1/stare-ci/1-12-24-36" -maxdepth 1 -name "seed-$2-*" | head -1; }

# Without Python, which not every machine has: bytes are changed by printf and dd.
flip() {
    local byte
    byte=$(dd if="$1" bs=1 skip="$2" count=1 status=none | od -An -tu1)
    # shellcheck disable=SC2059
    printf "\\$(printf %03o $((byte ^ 16)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

sweep --only stare-ci --seeds 10 --out ref
"$atrous" record ref --reference ref.json >/dev/null
sweep --only stare-ci --seeds 5 --out good

expect "an unchanged set" 0 "Check: in line" "$atrous" check good --reference ref.json

# 1: checkpoints
long=(sweep ci --device flex --only stare-ci --jobs 1 --set train.iterations=60 --set train.checkpoint_every=5)
"$atrous" "${long[@]}" --out part >/dev/null 2>&1
find part -name result.json -delete -o -name images.csv -delete
for how in bit zeroed iteration; do
    cp -r part $how
    checkpoint=$(find $how -name checkpoint.safetensors | sort | head -1)
    size=$(stat -c %s "$checkpoint")
    case $how in
        bit) flip "$checkpoint" $((size / 3)) ;;
        zeroed) dd if=/dev/zero of="$checkpoint" bs=1 seek=$((size - 4096)) count=4096 conv=notrunc status=none ;;
        iteration) sed -i 's/"iteration":"6/"iteration":"5/' "$checkpoint" ;;
    esac
    expect "a checkpoint: $how" 2 "$how/.*checkpoint.safetensors.*--discard" "$atrous" "${long[@]}" --out $how
    expect "a checkpoint: $how, discarded" 0 "discarded, and started anew" "$atrous" "${long[@]}" --out $how --discard
done

# 2: sets that are not what they seem
attack() {
    local name=$1
    rm -rf set
    cp -r good set
}
attack unfinished; rm "$(first set 0)/result.json"
expect "check: a run unfinished" 2 "unfinished" "$atrous" check set --reference ref.json
attack removed; rm -r "$(first set 0)"
expect "check: a run removed" 2 "planned .plan.json. and missing" "$atrous" check set --reference ref.json
attack copied; run=$(first set 0); rm -r "$run"; cp -r "$(first set 2)" "$(dirname "$run")/copy"
expect "check: a good run copied" 2 "one run is one seed" "$atrous" check set --reference ref.json
attack typed; sed -i 's/"miou": 0\../"miou": 0.9/' "$(first set 0)/result.json"
expect "check: a score typed in" 2 "result.json" "$atrous" check set --reference ref.json
attack linked; rm -r set/stare-ci/1-12-24-36; ln -s "$work/ref/stare-ci/1-12-24-36" set/stare-ci/
expect "check: a cell linked to the reference" 2 "a link" "$atrous" check set --reference ref.json
expect "check: runs of another program" 2 "of another program" "$atrous" check good --reference ref.json --commit 0123456789ab
sed 's/"miou": 0\../"miou": 0.1/' ref.json >low.json
expect "check: a reference edited" 2 "low.json" "$atrous" check good --reference low.json
exec 8<>good/.lock
flock 8
expect "check: a sweep that still runs" 2 "in use by a sweep" "$atrous" check good --reference ref.json
expect "a sweep beside it" 75 "in use by another sweep" "$atrous" sweep ci --device flex --out good
exec 8>&-

# 3: one run is one seed
cp -r good copies
cp -r "$(first copies 0)" "$(first copies 0).bak"
expect "table: a copy is left out" 0 "left out: .*: a copy of" "$atrous" table --out copies
if [ -n "$(cut -d, -f1 copies/results.csv | sort | uniq -d)" ]; then echo "WRONG  results.csv has a run twice"; wrong=1; fi
expect "verify: a copy" 1 "a copy of" "$atrous" verify copies

# 5: tables
expect "verify: as written" 0 "Verification: as written$" "$atrous" verify good --strict
published() {
    rm -rf published
    cp -r "$results/retina-small" published
    chmod -R u+w published
}
published
expect "verify: a table without runs" 0 "as far as it could be checked" "$atrous" verify published
expect "verify: the same, strictly" 1 "as far as it could be checked" "$atrous" verify published --strict
sed -i 's/undetermined/better/g' published/table.md
expect "verify: verdicts edited" 1 "table.md: .*differs" "$atrous" verify published
published; sed -i '2,3d' published/results.csv
expect "verify: rows removed" 1 "results.csv has none" "$atrous" verify published
published
id=$(sed -n 2p published/results.csv | cut -d, -f1)
sed -i "s/^\($id,.*,\)[^,]*,[^,]*\(,[^,]*\)$/\10.95,0.99\2/" published/classes.csv
sed -i "s/^\($id,[^,]*,[^,]*,[^,]*,[^,]*,finished\),[^,]*,[^,]*/\1,0.95,0.99/" published/results.csv
expect "verify: scores typed into two tables" 1 "not as written" "$atrous" verify published

# 6: eight at once
for seed in 0 1 2 3 4 5 6 7; do sweep --only stare-ci --seeds $seed, --set train.iterations=2 --out "r$seed"; done
writers=()
for seed in 0 1 2 3 4 5 6 7; do
    "$atrous" record "r$seed" --reference eight.json >/dev/null 2>&1 &
    writers+=($!)
done
wait "${writers[@]}"
if [ "$(grep -c '"run_id"' eight.json)" = 16 ]; then
    echo "right  record: eight at once, none lost"
else
    echo "WRONG  record: $(grep -c '"run_id"' eight.json) of 16 runs are there"
    wrong=1
fi

# 7: merge
inside=$(first good 0)
ln -s /etc/passwd "$inside/x"
expect "merge: a link" 2 "/x is a link" "$atrous" merge merged good
rm "$inside/x"; ln -s . "$inside/x"
expect "merge: a loop" 2 "/x is a link" "$atrous" merge merged good
rm "$inside/x"; mkfifo "$inside/x"
expect "merge: a pipe" 2 "/x is a pipe" "$atrous" merge merged good
rm "$inside/x"
if [ -e merged ]; then echo "WRONG  merge wrote something before it refused"; wrong=1; fi
expect "merge: plain folders" 0 "10 runs copied" "$atrous" merge merged good

# 10: what a file brings with it
attack control; run=$(first set 1)
{
    sed -e '/"scores"/,$d' -e '/"model_version"/,$d' "$run/result.json"
    printf '  "iteration": 3, "cause": "program", "reason": "\\u001b[31mred\\u001b[0m =1+1", "device": "flex", "adapter": "x",\n'
    printf '  "provenance": {"version": "0", "git_commit": "a", "burn_version": "0"}, "started": "a", "finished": "b"}\n'
} >"$run/error.json"
rm "$run/result.json"
expect "check: control characters" 2 "red" "$atrous" check set --reference ref.json --junit check.xml
if grep -q $'\x1b' said check.xml; then echo "WRONG  control characters reach the terminal or JUnit"; wrong=1; fi
"$atrous" table --out set >said 2>&1
if grep -q $'\x1b' said set/table.md; then echo "WRONG  control characters reach the table"; wrong=1; fi

scripts=$(dirname "$results")/scripts
expect "slurm: the job script" 0 "do what is promised" "$scripts/slurm/stub_test.sh"

if [ "$wrong" = 0 ]; then echo "all as promised"; else echo "error: not all as promised" >&2; fi
exit "$wrong"
