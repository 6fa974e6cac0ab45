#!/usr/bin/env bash
# Runs a part of the experiment of docs/notes/size-or-objects.md: run.sh PART ATROUS FOLDS OUT [SEEDS]
#
# PART is the name of a spec in harness/specs/size-or-objects (pilot, shallow, halved or unet), ATROUS the program,
# FOLDS what folds.sh made, OUT the folder for runs. SEEDS (8) is how many, taken in pairs: each pair runs
# all crops, lists and data sets before the next one starts. Even seeds train on fold 1, odd ones on fold 2.
# Killed and started again it goes on from the last checkpoint. HRF's images take 0.8 GB decoded: with less for
# them each crop waits for a JPEG to be read again.
set -euo pipefail
[ $# -ge 4 ] && [ $# -le 5 ] || { sed -n '2,3p' "$0" >&2; exit 2; }
spec=$(cd "$(dirname "$0")/../.." && pwd)/harness/specs/size-or-objects/$1.toml
[ -f "$spec" ] || { echo "$spec: no such spec" >&2; exit 2; }
for ((seed = 0; seed < ${5:-8}; seed++)); do
    fold=$((seed % 2 + 1)) only=()
    # HRF is for confirmation in part B, with four seeds.
    if [ "$1" = unet ] && [ "$seed" -ge 4 ]; then
        for name in {stare,chase}-{32,64,128}; do only+=(--only "$name"); done
    fi
    RAYON_NUM_THREADS=1 "$2" sweep "$spec" --seeds "$seed," "${only[@]}" --data-root "$3/fold-$fold" \
        --out "$4/$1/fold-$fold" --device flex --jobs 1 --image-cache 3000
done
