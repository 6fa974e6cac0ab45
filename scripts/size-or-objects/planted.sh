#!/usr/bin/env bash
# Runs a cell of part C of docs/notes/size-or-objects.md: planted.sh ATROUS PLANTER FOLDS OUT AMPLITUDE DISTANCE CROP SEEDS [MORE...]
#
# PLANTER (an atrous that has `prepare --cue-distance`) plants a cue of AMPLITUDE levels DISTANCE rows above
# hidden vessels of STARE, in both folds of FOLDS (made by folds.sh). ATROUS trains on those images at CROP
# with SEEDS ("0,1,2,3"): even seeds on fold 1, odd ones on fold 2. MORE goes to the sweep.
# World "objects" is DISTANCE 16 at crops 32, 64, 128; world "size" is 8, 16, 32.
set -euo pipefail
[ $# -ge 8 ] || { sed -n '2,7p' "$0" >&2; exit 2; }
atrous=$1 planter=$2 folds=$3 out=$4 amplitude=$5 distance=$6 crop=$7 seeds=$8
shift 8
spec=$(cd "$(dirname "$0")/../.." && pwd)/harness/specs/size-or-objects/planted.toml
name=amplitude-$amplitude-distance-$distance
for fold in 1 2; do
    place=$out/images/$name/fold-$fold/STARE
    [ -d "$place" ] || "$planter" prepare stare --from "$folds/fold-$fold/STARE" --out "$place" \
        --cue-distance "$distance" --cue-amplitude "$amplitude"
done
for seed in ${seeds//,/ }; do
    fold=$((seed % 2 + 1))
    RAYON_NUM_THREADS=1 "$atrous" sweep "$spec" --only "stare-$crop" --seeds "$seed," --device flex --jobs 1 \
        --data-root "$out/images/$name/fold-$fold" --out "$out/runs/$name/fold-$fold" "$@"
done
