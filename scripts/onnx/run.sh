#!/usr/bin/env bash
# Exports small trained networks, one of each kind, and holds each against the program's own logits with onnxruntime:
#   scripts/onnx/run.sh [FOLDER]
# Needs a built program (ATROUS, else target/release/atrous) and Python with scripts/onnx/requirements.txt (PYTHON).
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=${1:-$(mktemp -d)}
atrous=${ATROUS:-target/release/atrous}
python=${PYTHON:-python3}
mkdir -p "$folder"

network() { # NAME MODEL
    "$atrous" train ci --experiment isaid-ci --device flex --out "$folder/$1" --set "model={ $2 }" --set train.iterations=30 \
        >/dev/null 2>&1 || { echo "$1 could not be trained" >&2; exit 1; }
    local run
    run=$(dirname "$(find "$folder/$1" -name result.json)")
    rm -rf "$folder/$1.onnx" "$folder/$1-data"
    "$atrous" export "$run" --out "$folder/$1.onnx" --test-data "$folder/$1-data"
    pairs+=("$folder/$1.onnx" "$folder/$1-data")
}

pairs=()
network unet 'kind = "unet-s5-d16", base_channels = 8, aspp_channels = 4'
network shallow 'kind = "shallow", base_channels = 8, aspp_channels = 4'
network r18-d8 'kind = "deeplabv3-r18-d8", base_channels = 8, aspp_channels = 16'
network r50-d8 'kind = "deeplabv3-r50-d8", base_channels = 8, aspp_channels = 16'
network r50-d16-corners 'kind = "deeplabv3-r50-d16", base_channels = 8, aspp_channels = 16, align_corners = true'
network r101-plain 'kind = "deeplabv3-r101-d8", base_channels = 8, aspp_channels = 16, stem = "plain"'
exec "$python" scripts/onnx/check.py "${pairs[@]}"
