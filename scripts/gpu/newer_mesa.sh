#!/usr/bin/env bash
# Runs a command with the software Vulkan of a newer Debian: see --help.
set -euo pipefail

usage() {
    cat <<'TEXT'
Runs a command with the software Vulkan adapter of a newer Debian than this one, which has cooperative matrices and takes
SPIR-V, as a GPU does. What the program does on them can be tested with it where there is no GPU.

usage: scripts/gpu/newer_mesa.sh FOLDER COMMAND...

FOLDER is where that Debian lies (1 GB); what is not there yet is fetched, which takes root, debootstrap and a minute. SUITE
names the Debian [default: sid; Mesa 26 or newer is wanted], MIRROR where it comes from [default: as debootstrap has it].

Programs that are built here find that adapter alone, and run on its C library: COMMAND gets a runner for cargo in its
environment, and for all other commands the same one as NEWER_MESA. Programs that they start in turn do not have it.

examples:
  ATROUS_GPU_LANGUAGE=spirv scripts/gpu/newer_mesa.sh /var/tmp/sid cargo test --release --lib gpu::
  scripts/gpu/newer_mesa.sh /var/tmp/sid sh -c '$NEWER_MESA target/release/atrous devices'

Exit codes: those of COMMAND; 2 if the command line cannot be used or the folder cannot be filled.
TEXT
}

bad() { echo "error: $*; see scripts/gpu/newer_mesa.sh --help" >&2; exit 2; }

case ${1:-} in
    -h|--help) usage; exit 0 ;;
    ''|-*) bad "name a folder" ;;
esac
[ $# -ge 2 ] || bad "name a command"
mkdir -p "$1" 2>/dev/null || bad "$1 cannot be written"
folder=$(cd "$1" && pwd)
shift

architecture=$(uname -m)
libraries=$folder/usr/lib/$architecture-linux-gnu
manifest=$folder/usr/share/vulkan/icd.d/lvp_icd.json
if [ ! -f "$manifest" ]; then
    [ "$(id -u)" = 0 ] || bad "$folder has no Mesa yet: filling it takes root"
    debootstrap=$(PATH=$PATH:/usr/sbin:/sbin command -v debootstrap) || bad "there is no debootstrap: install it"
    "$debootstrap" --variant=minbase --include=mesa-vulkan-drivers,libvulkan1 "${SUITE:-sid}" "$folder" \
        ${MIRROR:+"$MIRROR"} >&2 || bad "$folder cannot be filled: see above"
fi
loaders=("$folder"/lib64/ld-linux*.so.* "$folder"/lib/ld-linux*.so.*)
for loader in "${loaders[@]}"; do [ ! -e "$loader" ] || break; done
[ -e "$loader" ] || bad "$folder has no program loader"

runner="$loader --library-path $libraries"
target=$(rustc -vV | sed -n 's/^host: //p' | tr a-z- A-Z_) || bad "there is no rustc"
export "CARGO_TARGET_${target}_RUNNER=$runner" NEWER_MESA="$runner"
export VK_DRIVER_FILES=$manifest VK_ICD_FILENAMES=$manifest
exec "$@"
