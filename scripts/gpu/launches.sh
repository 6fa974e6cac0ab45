#!/usr/bin/env bash
# Counts the kernels that a training step launches on a GPU: see --help.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
    cat <<'TEXT'
Counts the kernels that a training step launches, by their names: what two steps launch, less what one does. A launch costs the
processor tens of microseconds whatever it computes, so that on a fast GPU narrow networks wait for launches. A software adapter
launches what a GPU does, if convolutions are computed in the same way, and the runtime has written all of them down when it ends.

usage: scripts/gpu/launches.sh [--device NAME] [SPEC [OPTION...]]

  --device NAME   `atrous devices` lists them [default: vulkan:cpu]
  SPEC            embedded or a file [default: scripts/gpu/small.toml, with --only unet-small]
  OPTION          of `atrous bench step`, such as --only NAME or --set KEY=VALUE

ATROUS names the program [default: target/release/atrous]. ATROUS_GPU_CONVOLUTION chooses how convolutions are computed
[default: tiles].

example:
  scripts/gpu/launches.sh speed-gpu --only unet-b4 --set crop=[64,64]

Exit codes: 0 counted, 1 the program failed or what it launched cannot be counted, 2 the command line cannot be used.
TEXT
}

bad() { echo "error: $*; see scripts/gpu/launches.sh --help" >&2; exit 2; }

device=vulkan:cpu
case ${1:-} in
    -h|--help) usage; exit 0 ;;
    --device) [ -n "${2:-}" ] || bad "--device needs a value"; device=$2; shift 2 ;;
esac
case ${1:-} in
    -*) bad "unknown argument $1" ;;
    '') set -- "$here/small.toml" --only unet-small ;;
    *) [ ! -f "$1" ] || set -- "$(realpath "$1")" "${@:2}" ;;
esac
atrous=$(realpath "${ATROUS:-$here/../../target/release/atrous}" 2>/dev/null) && [ -x "$atrous" ] ||
    bad "there is no program: cargo build --release, or name one in ATROUS"

export ATROUS_GPU_CONVOLUTION="${ATROUS_GPU_CONVOLUTION:-tiles}"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
# The runtime reads this from the working directory, and writes a line per launch.
printf '[profiling]\nlogger = { level = "minimal", file = "%s" }\n' "$scratch/launches" >cubecl.toml
# The first time leaves what is tuned to the others, where the program tunes.
for steps in 1 1 2; do
    rm -f launches
    status=0
    "$atrous" bench step "$@" --device "$device" --steps "$steps" --warmup 0 >output 2>&1 || status=$?
    [ "$status" = 0 ] || { cat output >&2; [ "$status" != 2 ] || exit 2; exit 1; }
    # Lines such as "Executing KernelBinop | AddOp_7369d84d".
    sed -n 's/^Executing \(.*\)_[0-9a-f]*$/\1/p' launches >"$steps" 2>/dev/null || true
    [ -s "$steps" ] || { echo "error: nothing was launched on $device" >&2; exit 1; }
done
awk 'NR == FNR { count[$0]--; next }
     { count[$0]++ }
     END { for (name in count) { all += count[name]; fewer += count[name] < 0
                                 if (count[name]) printf "%6d %s\n", count[name], name }
           printf "%6d in all\n", all
           exit fewer > 0 }' 1 2 >counted || { echo "error: one step launched more than two; try again" >&2; exit 1; }
sort -rn counted
