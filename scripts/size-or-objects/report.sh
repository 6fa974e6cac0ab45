#!/usr/bin/env bash
# Computes what the runs of a part of docs/notes/size-or-objects.md say: report.sh ATROUS RESULTS [FULL]
#
# RESULTS is the folder of the part's folds, such as results/size-or-objects/shallow. Writes into it endpoints.md (scores, P1
# and P2 with intervals and verdicts), page.html (the same and figures as one page), the figures, and models.json: the slope of
# ln(best r) on ln(F) and the three models, as `atrous rates --evidence` computes them. ATROUS is the program. With FULL, the
# folder of the same runs at full scale, RESULTS are those of images at half scale: there is P3, and no figures and models.
set -euo pipefail
[ $# -ge 2 ] && [ $# -le 3 ] && [ -d "$2/fold-1" ] || { sed -n '2p' "$0" >&2; exit 2; }
atrous=$(realpath "$1") results=$(realpath "$2") full=${3:+$(realpath "$3")}
cd "$(dirname "$0")/../.."
# What is not finished is not left.
trap 'rm -f "$results/.endpoints.md"' EXIT
for fold in "$results"/fold-*; do
    # The rows of the runs, which the models are fitted to.
    "$atrous" table --out "$fold" >/dev/null
done
if [ -n "$full" ]; then
    cargo run --release --quiet --example size_or_objects -- "$results"/fold-* --full-scale "$full"/fold-* --page "$results/page.html" >"$results/.endpoints.md"
    mv "$results/.endpoints.md" "$results/endpoints.md"
    exit
fi
cargo run --release --quiet --example size_or_objects -- "$results"/fold-* --figures "$results/figures" --page "$results/page.html" >"$results/.endpoints.md"
mv "$results/.endpoints.md" "$results/endpoints.md"
"$atrous" rates --size 64x64 --output-stride 1 --evidence "$results"/fold-* --json "$results/models.json" >"$results/models.txt"
