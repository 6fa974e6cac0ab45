#!/usr/bin/env bash
# Compares atrous with mmsegmentation 1.2.2: see --help.
#
#     scripts/parity/run.sh --data-root DIR
#
# Needs Python 3.11 or later with venv, about 8 GB for the environment (PyTorch brings GPU packages that are not used),
# and, unless ATROUS names a binary, Rust. Everything goes to target/parity, the tables to results/parity.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
python=${PYTHON:-python3}
fail() { echo "error: $*" >&2; exit 1; }

command -v "$python" >/dev/null || fail "there is no $python: install Python 3.11 or later, or name one in PYTHON"
for argument; do
    case $argument in -h|--help) exec "$python" -B "$here/compare.py" --help ;; esac
done

venv=${PARITY_VENV:-$root/target/parity/venv}
stamp=$venv/parity-requirements.txt
if ! cmp -s "$here/requirements.txt" "$stamp"; then
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$("$python" --version) is too old: name Python 3.11 or later in PYTHON"
    echo "Python environment: $venv"
    [ -x "$venv/bin/python" ] || "$python" -m venv "$venv" ||
        fail "cannot make $venv: is Python's venv module installed (python3-venv)?"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt" ||
        fail "cannot install scripts/parity/requirements.txt: is there a network, and space on the disk?"
    # The two OpenCV packages share their files; the one without windows needs no display library and has to win.
    "$venv/bin/python" -c 'import cv2' 2>/dev/null ||
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps \
            "$(grep '^opencv-python-headless==' "$here/requirements.txt")" ||
        fail "cannot install OpenCV without windows: is there a network?"
    cp "$here/requirements.txt" "$stamp"
fi

if [ -z "${ATROUS:-}" ]; then
    command -v cargo >/dev/null || fail "there is no cargo: install Rust, or name a built binary in ATROUS"
    cargo build --release --locked --manifest-path "$root/Cargo.toml" || fail "cannot build atrous: see above"
    export ATROUS=${CARGO_TARGET_DIR:-$root/target}/release/atrous
fi
exec "$venv/bin/python" -B "$here/compare.py" "$@"
