#!/usr/bin/env bash
# Tests and times atrous on the GPU of this machine, out of a pack that pack.sh made: see --help.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
    cat <<'TEXT'
Tests and times atrous on this machine's GPU, out of a pack that scripts/gpu/pack.sh made. Needs no network, and of the
system no more than a GPU driver with Vulkan; with Python and PyTorch, PyTorch is timed as well.

usage: run.sh [OPTION...]

The parts, in this order; one that fails does not keep the others from running:
  facts      the devices, and what nvidia-smi says of the card; its clocks, power and use go on being written down
  kernels    every kernel against the CPU's, on --device: shapes that do not come out even, strides, sums in parts
  tests      networks and operations against recordings of the reference implementation, on the CPU and on the first
             Vulkan GPU, whatever --device says
  products   times of a launch, and of each convolution of the timed networks in all directions, by each algorithm, by the
             device's own clock; on a Vulkan GPU in both languages, SPIR-V and WGSL
  step       seconds of a training step, each case in a process of its own; memory of the process and, with nvidia-smi, of
             the card
  profile    one step of each case, kernel by kernel, by the device's own clock
  torch      the same networks and shapes in PyTorch: float32 without TF32, with TF32, bfloat16 autocast
  sweep      a short training on real images (drawn ones where none are packed), scored

  --device NAME      for all parts but tests; `atrous devices` lists them; vulkan:cpu is a software adapter [default: wgpu]
  --minutes N        all must be over by then: steps become fewer, and what finds no time is left out [default: 9]
  --out DIR          where the results go, over those of an earlier run [default: OUT, else gpu-results]
  --cache DIR        kernels that were tuned and compiled, for the next run [default: cache beside this script]
  --only PART,...    of facts, kernels, tests, products, step, profile, torch, sweep
  --tests FILTER     only tests whose names contain this, such as golden_evaluation [default: all]
  --spec SPEC        of the experiments that are timed, an embedded one or a file [default: speed-gpu]
  --steps N          timed steps [default: 30]
  --warmup N         steps before them [default: 10]
  --sweep SPEC       what is trained [default: STARE of retina-small where it is packed, else of quick]
  --iterations N     of each training [default: 200, or as the spec of --sweep says]
  --small            a few quick tests and a network of 4 channels; for a software adapter
  -h, --help         this text

PYTHON names the Python that has PyTorch (default: python3).

examples:
  ./run.sh
  ./run.sh --only tests,step --minutes 5
  ./run.sh --small --device vulkan:cpu

The folder of results holds summary.md, which is printed too; kernels.log, tests.log, products.log, step.log, profile.log,
torch.log, sweep.log, each ending in its exit status; facts.log and clocks.log; step.json, torch.json (what `compare_pytorch.sh --gpu`
takes) and sweep.csv.

Exit codes: 0 all that could run succeeded, 1 something failed or found no time, 2 the command line cannot be used.
TEXT
}

bad() { echo "error: $*; see run.sh --help" >&2; exit 2; }
count() {
    [[ $2 =~ ^[0-9]{1,6}$ ]] && [ "$((10#$2))" -ge "$3" ] || bad "$1 $2: must be a whole number from $3"
    echo "$((10#$2))"
}
absolute() { [ ! -f "$1" ] && echo "$1" || echo "$(cd "$(dirname "$1")" && pwd)/$(basename "$1")"; }

parts=(facts kernels tests products step profile torch sweep)
device=wgpu minutes=9 out=${OUT:-gpu-results} cache=$here/cache only='' filter='' spec='' steps='' warmup='' sweep=''
iterations='' small=''
while [ $# -gt 0 ]; do
    case $1 in
        -h|--help) usage; exit 0 ;;
        --small) small=1; shift; continue ;;
        --device|--minutes|--out|--cache|--only|--tests|--spec|--steps|--warmup|--sweep|--iterations) ;;
        *) bad "unknown argument $1" ;;
    esac
    [ $# -ge 2 ] && [ -n "$2" ] || bad "$1 needs a value"
    case $1 in
        --device) device=$2 ;;
        --minutes) minutes=$(count "$1" "$2" 1) ;;
        --out) out=$2 ;;
        --cache) cache=$2 ;;
        --only) only=$2 ;;
        --tests) filter=$2 ;;
        --spec) spec=$(absolute "$2") ;;
        --steps) steps=$(count "$1" "$2" 1) ;;
        --warmup) warmup=$(count "$1" "$2" 0) ;;
        --sweep) sweep=$(absolute "$2") ;;
        --iterations) iterations=$(count "$1" "$2" 1) ;;
    esac
    shift 2
done
if [ -n "$small" ]; then
    filter=${filter:-golden_sgd} spec=${spec:-$here/small.toml} sweep=${sweep:-$here/small.toml}
    steps=${steps:-3} warmup=${warmup:-1}
fi
spec=${spec:-speed-gpu} steps=${steps:-30} warmup=${warmup:-10}
if [ -n "$only" ]; then
    IFS=, read -ra wanted <<<"$only"
    for part in "${wanted[@]}"; do
        [[ " ${parts[*]} " == *" $part "* ]] || bad "--only $only: parts are ${parts[*]}"
    done
fi

# An archive has the programs compressed by themselves. What is unpacked here is then removed, so that a pack that is
# unpacked over this one is seen.
programs=$here packed=$here/programs.tar.xz
if [ -f "$packed" ]; then
    [ -w "$here" ] || programs=$cache/programs
    mkdir -p "$programs" 2>/dev/null && [ -w "$programs" ] || bad "$here, --cache $cache: cannot write there"
    programs=$(cd "$programs" && pwd)
    unxz() { xz -dc "$1"; }
    if ! command -v xz >/dev/null; then
        unxz() { "${PYTHON:-python3}" -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), sys.stdout.buffer)' "$1"; }
        "${PYTHON:-python3}" -c 'import lzma' 2>/dev/null || bad "there is neither xz nor a Python with lzma on this machine"
    fi
    echo "unpacking the programs"
    # Those of a run that was stopped here.
    rm -rf "$programs"/.unpacked.*
    unpacked=$(mktemp -d "$programs/.unpacked.XXXXXX")
    unxz "$packed" | tar -C "$unpacked" -xf - && mv -f "$unpacked"/{atrous,parity,kernels} "$programs" ||
        { rm -rf "$unpacked"; bad "cannot unpack $packed"; }
    rmdir "$unpacked"
    [ "$programs" != "$here" ] || rm -f "$packed"
fi
atrous=$programs/atrous parity=$programs/parity kernels=$programs/kernels
for file in "$atrous" "$parity" "$kernels" "$here/tests/golden" "$here/parts.sh" "$here/torch_throughput.py"; do
    [ -e "$file" ] || bad "$file is missing: this runs out of a pack, which scripts/gpu/pack.sh makes"
done
for tool in timeout awk; do
    command -v "$tool" >/dev/null || bad "there is no $tool on this machine"
done
version=$("$atrous" --version) || bad "$atrous does not run here; $(tail -n 1 "$here/pack.txt")"
mkdir -p "$out" 2>/dev/null && [ -w "$out" ] || bad "--out $out: cannot write there"
mkdir -p "$cache/nvidia" "$cache/mesa" 2>/dev/null && [ -w "$cache" ] || bad "--cache $cache: cannot write there"
out=$(cd "$out" && pwd) cache=$(cd "$cache" && pwd)

scratch=$(mktemp -d)
watcher='' clocks=''
trap '[ -z "$watcher$clocks" ] || kill $watcher $clocks 2>/dev/null; rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# The tests find their recordings from where they run.
ln -s "$here/tests" "$scratch/tests"
[ ! -d "$here/golden" ] || export ATROUS_GOLDEN=$here/golden
cd "$scratch"

# What is compiled and tuned outlives this run: CubeCL's database, which it looks for from where it runs, and the drivers'
# own caches.
directory=${cache//\\/\\\\}
cat >cubecl.toml <<TOML
[environment]
path = { directory = "${directory//\"/\\\"}" }

[compilation]
cache = true
TOML
export __GL_SHADER_DISK_CACHE=1 __GL_SHADER_DISK_CACHE_PATH=$cache/nvidia __GL_SHADER_DISK_CACHE_SKIP_CLEANUP=1
export MESA_SHADER_CACHE_DIR=$cache/mesa

# Vulkan: the system's loader where there is one, else the pack's.
system_loader() {
    PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null | grep 'libvulkan\.so\.1 ' >/dev/null && return
    local folders folder
    IFS=: read -ra folders <<<"${LD_LIBRARY_PATH:-}"
    for folder in "${folders[@]}" /usr/lib /usr/lib/*-linux-gnu /usr/lib64; do
        [ ! -f "$folder/libvulkan.so.1" ] || return 0
    done
    return 1
}
loader="the system's"
if ! system_loader; then
    if [ -f "$here/lib/libvulkan.so.1" ]; then
        export LD_LIBRARY_PATH=$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
        loader="the pack's"
    else
        loader="none: neither the system nor the pack has libvulkan.so.1"
    fi
fi
# Container platforms mount NVIDIA's driver where no loader looks.
known() {
    local manifest
    for manifest in {/etc,/usr/share,/usr/local/share,/usr/local/etc}/vulkan/icd.d/*nvidia*.json; do
        [ ! -f "$manifest" ] || return 0
    done
    return 1
}
if [[ $device != *:cpu && -z ${VK_DRIVER_FILES:-}${VK_ICD_FILENAMES:-} ]] && ! known; then
    for manifest in /usr/local/nvidia/{share/,}vulkan/icd.d/*nvidia*.json; do
        if [ -f "$manifest" ]; then
            # The second is the older name of the first.
            export VK_DRIVER_FILES=$manifest VK_ICD_FILENAMES=$manifest
            break
        fi
    done
fi
if [ -z "${XDG_RUNTIME_DIR:-}" ]; then
    # Mesa wants it set.
    mkdir -m 700 runtime
    export XDG_RUNTIME_DIR=$scratch/runtime
fi

"$atrous" bench step "$spec" --device flex --dry-run --json plan.json >plan.txt 2>plan.log ||
    bad "--spec $(tail -n 1 plan.log | sed 's/^error: //')"
for file in summary.md facts.log clocks.log kernels.log products.log tests.log step.log step.json profile.log torch.log torch.json sweep.log sweep.csv; do rm -f "$out/$file"; done

cards() { nvidia-smi --query-gpu="$1" --format=csv,noheader,nounits 2>/dev/null || true; }
cache_size() { du -sk --exclude="$cache/programs" "$cache" | cut -f 1; }
cache_before=$(cache_size)

echo "$version; Vulkan loader: $loader"
"$atrous" devices | tee devices
# Opens it. A card that has no 16-bit floats fails in the cases that need them, and in no others.
missing='' opened=''
"$atrous" bench step "$spec" --set 'train.precision="single"' --device "$device" --dry-run >opened 2>&1 || missing=$(tail -n 1 opened | sed 's/^error: //')
if [ -z "$missing" ]; then
    opened=$(sed -n '1s/^atrous [^ ]* on \(.*\): median.*/\1/p' opened)
else
    echo "error: $missing" >&2
fi

left() { echo $((60 * minutes - 5 - SECONDS)); }
declare -A share=([facts]=1 [kernels]=4 [tests]=6 [products]=6 [step]=7 [profile]=3 [torch]=3 [sweep]=3)
# Seconds that a part may take: its share of those that are left to it and the parts after it.
allowance() {
    local part sum=0
    for part in "${todo[@]}"; do sum=$((sum + share[$part])); done
    echo $(($(left) * share[$1] / sum))
}

failed=''
. "$here/parts.sh"

todo=()
for part in "${parts[@]}"; do
    [[ -n $only && ,$only, != *,$part,* ]] || todo+=("$part")
done
while [ ${#todo[@]} -gt 0 ]; do
    part=${todo[0]} began=$SECONDS
    seconds=$(allowance "$part")
    if [ -n "$missing" ] && [ "$part" != torch ]; then
        note "$part" "failed: $missing"
    elif [ "$seconds" -lt 10 ]; then
        note "$part" "left out: $((seconds > 0 ? seconds : 0)) s were left for it"
    else
        echo "== $part, at most $seconds s"
        "$part" "$seconds"
    fi
    todo=("${todo[@]:1}")
done

# The page, from what the parts have left here.
page() {
    local card tuned="nothing (a program without \`autotune\`)."
    printf '# atrous on a GPU machine\n\n%s; %s; Vulkan loader: %s.\n' "$version" "$(sed -n 2p "$here/pack.txt")" "$loader"
    card=$(cards name,driver_version,memory.total | paste -sd ';')
    [ -z "$card" ] || echo "Card: $card MiB."
    [ -z "$opened" ] || echo "Computed on $opened."
    printf '\n```\n'
    cat devices
    printf '```\n\n| part | result | seconds |\n|---|---|---|\n'
    sed 's/\t/ | /g; s/^/| /; s/$/ |/' notes
    [ ! -s steps.md ] || { echo; cat steps.md; }
    [ ! -s profile.md ] || { printf '\n## One step, kernel by kernel\n'; cat profile.md; }
    # The table's headings go below the page's.
    [ ! -s table.md ] || { printf '\n## Sweep\n'; sed '1d; s/^#/##/' table.md; }
    # What was written last lies in a file of its own beside it.
    [ ! -f "$cache/default.db" ] || tuned="$(($(cat "$cache"/default.db{,-wal} 2>/dev/null | wc -c) / 1024)) KiB."
    printf '\n## Caches\n\nFrom %s to %s KiB; of it, what was tuned: %s\n' "$cache_before" "$(cache_size)" "$tuned"
}
steps_page
page >summary.md
mv summary.md "$out/summary.md"
echo
cat "$out/summary.md"
[ -z "$failed" ] || exit 1
