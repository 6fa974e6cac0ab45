#!/usr/bin/env bash
# Packs what a GPU machine without network needs: see --help.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)

usage() {
    cat <<'TEXT'
Packs what a GPU machine without network needs to test and time atrous: the binary, the tests of the kernels and the
agreement tests, stripped; the recordings that the tests compare with; a Vulkan loader; data; and run.sh, the one command to start there.

usage: scripts/gpu/pack.sh [OPTION...]

  --out PATH         the pack: an archive if it ends in .tar.gz, else a folder that must not exist yet. In an archive the
                     programs are compressed by themselves, together, which takes minutes; run.sh unpacks them
                     [default: gpu-pack.tar.gz]
  --data-root DIR    folder that holds STARE (docs/guide/datasets.md), for the sweep; without it, the sweep's images are drawn
  --features LIST    cargo features to build with, such as autotune [default: those of the workspace]
  --loader FILE      a Vulkan loader to bring along [default: this system's libvulkan.so.1]
  -h, --help         this text

ATROUS, ATROUS_PARITY and ATROUS_KERNELS name a built binary, built agreement tests (target/release/deps/parity-*) and built
tests of the kernels (target/release/deps/atrous_models-*); what is named is not built. ATROUS_GOLDEN names a folder of more recordings than the repository's, to be packed too.

examples:
  scripts/gpu/pack.sh --data-root ~/retina
  scripts/gpu/pack.sh --features autotune --out tuned.tar.gz

there:
  tar xf gpu-pack.tar.gz && gpu-pack/run.sh

Exit codes: 0 packed, 1 something could not be built or written, 2 the command line cannot be used.
TEXT
}

bad() { echo "error: $*; see scripts/gpu/pack.sh --help" >&2; exit 2; }
fail() { echo "error: $*" >&2; exit 1; }

out=gpu-pack.tar.gz data_root='' features='' loader=''
while [ $# -gt 0 ]; do
    case $1 in
        -h|--help) usage; exit 0 ;;
        --out|--data-root|--features|--loader)
            [ $# -ge 2 ] && [ -n "$2" ] || bad "$1 needs a value"
            case $1 in
                --out) out=$2 ;;
                --data-root) data_root=$2 ;;
                --features) features=$2 ;;
                --loader) loader=$2 ;;
            esac
            shift 2 ;;
        *) bad "unknown argument $1" ;;
    esac
done

# What cannot work is said before minutes are spent on a build.
name=$(basename "$out") archive=''
case $name in
    *.tar.gz) name=${name%.tar.gz} archive=1 ;;
    *.tar|*.tgz|*.zip|*.tar.*) bad "--out $out: an archive ends in .tar.gz" ;;
    *) [ ! -e "$out" ] || bad "--out $out is there already" ;;
esac
[ -n "$name" ] && [ "$name" != . ] && [ "$name" != .. ] || bad "--out $out names no file"
[ ! -d "$out" ] || bad "--out $out is a folder"
folder=$(cd "$(dirname "$out")" 2>/dev/null && pwd) || bad "--out $out: there is no folder $(dirname "$out")"
[ -w "$folder" ] || bad "--out $out: $folder cannot be written"
for tool in strip tar ${archive:+gzip xz}; do
    command -v "$tool" >/dev/null || bad "there is no $tool: install it (strip is in binutils)"
done
for binary in "${ATROUS:-}" "${ATROUS_PARITY:-}" "${ATROUS_KERNELS:-}"; do
    [ -z "$binary" ] || [ -x "$binary" ] || bad "$binary, named in ATROUS, ATROUS_PARITY or ATROUS_KERNELS, is no program"
done
if [ -z "${ATROUS:-}" ] || [ -z "${ATROUS_PARITY:-}" ] || [ -z "${ATROUS_KERNELS:-}" ]; then
    command -v cargo >/dev/null ||
        bad "there is no cargo: install Rust, or name what is built in ATROUS, ATROUS_PARITY and ATROUS_KERNELS"
elif [ -n "$features" ]; then
    bad "--features: nothing is built, as ATROUS, ATROUS_PARITY and ATROUS_KERNELS name what is there"
fi
[ -z "${ATROUS_GOLDEN:-}" ] || [ -d "$ATROUS_GOLDEN" ] || bad "ATROUS_GOLDEN=$ATROUS_GOLDEN is no folder"
[ -z "$loader" ] || [ -f "$loader" ] || bad "--loader $loader is no file"
stare=''
if [ -n "$data_root" ]; then
    [ -d "$data_root" ] || bad "--data-root $data_root is no folder"
    stare=$(find "$data_root" -mindepth 1 -maxdepth 1 -iname stare | sort | head -n 1)
    [ -n "$stare" ] || bad "--data-root $data_root holds no folder STARE"
    [ -d "$stare/stare-images" ] || [ -d "$stare/images" ] || bad "$stare is not laid out as docs/guide/datasets.md says"
fi

scratch=$(mktemp -d "$folder/.gpu-pack.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
pack=$scratch/$name
mkdir -p "$pack/tests"

options=(--release --locked --manifest-path "$root/Cargo.toml")
[ -z "$features" ] || options+=(--features "$features")

# Takes the path of the program called $1 from what cargo says about its work.
executable() { sed -n "/\"name\":\"$1\"/s/.*\"executable\":\"\([^\"]*\)\".*/\1/p" | tail -n 1; }

binary=${ATROUS:-} tests=${ATROUS_PARITY:-} kernels=${ATROUS_KERNELS:-}
if [ -z "$binary" ]; then
    binary=$(cargo build "${options[@]}" --message-format=json-render-diagnostics | executable atrous) ||
        fail "cannot build atrous: see above"
fi
if [ -z "$tests" ]; then
    tests=$(cargo test "${options[@]}" --test parity --no-run --message-format=json-render-diagnostics | executable parity) ||
        fail "cannot build the agreement tests: see above"
fi
if [ -z "$kernels" ]; then
    # Of all packages, so that what they are built on is built once.
    kernels=$(cargo test "${options[@]}" --lib --no-run --message-format=json-render-diagnostics | executable atrous_models) ||
        fail "cannot build the tests of the kernels: see above"
fi
[ -n "$binary" ] && [ -n "$tests" ] && [ -n "$kernels" ] || fail "cargo built something else than atrous and its tests"
strip -o "$pack/atrous" "$binary" && strip -o "$pack/parity" "$tests" && strip -o "$pack/kernels" "$kernels" ||
    fail "cannot strip the programs"
chmod 755 "$pack/atrous" "$pack/parity" "$pack/kernels"

cp "$here/run.sh" "$here/parts.sh" "$here/torch_throughput.py" "$here/small.toml" "$pack"
cp -R "$root/models/tests/golden" "$pack/tests/golden"
[ -z "${ATROUS_GOLDEN:-}" ] || cp -RL "$ATROUS_GOLDEN" "$pack/golden"

# Word size and processor of an ELF file.
kind() { od -An -tx1 -j4 -N1 "$1"; od -An -tx1 -j18 -N2 "$1"; }
system_loader() {
    local list file
    list=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null) || return 0
    while IFS= read -r file; do
        if [ -f "$file" ] && [ "$(kind "$file")" = "$(kind "$binary")" ]; then
            echo "$file"
            return
        fi
    done < <(sed -n 's/.*libvulkan\.so\.1 .*=> //p' <<<"$list")
}
[ -n "$loader" ] || loader=$(system_loader)
if [ -n "$loader" ]; then
    [ "$(kind "$loader")" = "$(kind "$binary")" ] || bad "--loader $loader is for another processor than $binary"
    mkdir "$pack/lib"
    cp -L "$loader" "$pack/lib/libvulkan.so.1"
else
    echo "no Vulkan loader is packed: this system has no libvulkan.so.1 (Debian and Ubuntu: package libvulkan1). The other" \
        "machine needs one of its own." >&2
fi

if [ -n "$stare" ]; then
    mkdir -p "$pack/data/STARE"
    # What the program reads; a second annotator's labels are not.
    for part in stare-images labels-ah images annotations atrous-split.txt; do
        [ ! -e "$stare/$part" ] || cp -RL "$stare/$part" "$pack/data/STARE"
    done
fi

{
    "$binary" --version
    [ -n "${ATROUS:-}" ] && echo "built beforehand" || echo "features: ${features:-those of the workspace}"
    glibc=$(objdump -T "$binary" 2>/dev/null | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -n 1) || true
    echo "needs: ${glibc:-a C library as new as that of the machine that built it}"
} >"$pack/pack.txt" || fail "$binary does not run"
chmod -R u+w,go+rX "$pack"

if [ -n "$archive" ]; then
    # The programs have most of their code in common, tens of megabytes apart: a window that holds them all halves their size.
    filters=(--lzma2=preset=6,dict=128MiB)
    [ "$(uname -m)" != x86_64 ] || filters=(--x86 "${filters[@]}")
    tar -C "$pack" --owner=0 --group=0 --numeric-owner -cf - atrous parity kernels |
        xz -T1 "${filters[@]}" >"$pack/programs.tar.xz" && rm "$pack"/{atrous,parity,kernels} || fail "cannot write $out"
    tar -C "$scratch" --owner=0 --group=0 --numeric-owner -cf - "$name" | gzip >"$scratch/archive" || fail "cannot write $out"
    mv "$scratch/archive" "$folder/$(basename "$out")"
else
    mv "$pack" "$folder/$name"
fi
size=$(du -sk --apparent-size "$folder/$(basename "$out")" | cut -f 1)
echo "$out: $(((size + 1023) / 1024)) MiB"
