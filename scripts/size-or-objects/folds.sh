#!/usr/bin/env bash
# Makes two data roots for a two-fold split by subject: folds.sh DATA OUT
#
# OUT/fold-1 trains on the first half of the subjects and scores the second, OUT/fold-2 the other way
# round. Both are links to the files of DATA, and an atrous-split.txt in each data set's folder that
# names the training images. A subject is an eye in STARE, a child with two eyes in CHASE_DB1, and a
# patient in HRF (15 healthy, 15 diabetic, 15 with glaucoma: numbers 01 to 07 are the first half).
set -euo pipefail
[ $# -eq 2 ] && [ -d "$1" ] || { echo "usage: folds.sh DATA OUT (DATA holds STARE, CHASE_DB1, HRF)" >&2; exit 2; }
data=$(cd "$1" && pwd)
out=$2
[ ! -e "$out" ] || { echo "$out exists: name a folder that does not" >&2; exit 2; }

# Ids of the first half (1) or the second (2) of a data set's subjects.
half() {
    case $1 in
    STARE) ls "$data/STARE/stare-images" | sed 's/\..*//' | sort | { if [ "$2" = 1 ]; then head -n 10; else tail -n +11; fi; } ;;
    CHASE_DB1) ls "$data/CHASE_DB1" | sed -n 's/\.jpg$//p' | sort | { if [ "$2" = 1 ]; then grep '_0[1-7]'; else grep -v '_0[1-7]'; fi; } ;;
    HRF) ls "$data/HRF/images" | sed 's/\..*//' | sort | { if [ "$2" = 1 ]; then grep '^0[1-7]_'; else grep -v '^0[1-7]_'; fi; } ;;
    esac
}

for set in STARE CHASE_DB1 HRF; do
    [ -d "$data/$set" ] || { echo "$data/$set: no such folder" >&2; exit 2; }
    for fold in 1 2; do
        mkdir -p "$out/fold-$fold/$set"
        for entry in "$data/$set"/*; do
            [ "$(basename "$entry")" = atrous-split.txt ] || ln -s "$entry" "$out/fold-$fold/$set/"
        done
        half "$set" "$fold" >"$out/fold-$fold/$set/atrous-split.txt"
    done
    echo "$set: $(half "$set" 1 | wc -l) images in the first half, $(half "$set" 2 | wc -l) in the second"
done
