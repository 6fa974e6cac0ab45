# Sourced by the scripts that hold atrous against mmsegmentation and PyTorch.
#
#   need_python      ends the script where there is no Python
#   python_env       makes the environment that scripts/parity/requirements.txt names, unless it is there; sets venv
#   atrous_binary    builds atrous unless ATROUS names a binary; exports ATROUS
#
# PARITY_VENV names the environment (default: target/parity/venv), PYTHON the Python that makes it, 3.11 or later with
# venv. It takes about 8 GB, as PyTorch brings GPU packages that are not used.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python=${PYTHON:-python3}
venv=${PARITY_VENV:-$root/target/parity/venv}

fail() { echo "error: $*" >&2; exit 1; }

need_python() {
    command -v "$python" >/dev/null || fail "there is no $python: install Python 3.11 or later, or name one in PYTHON"
}

python_env() {
    local requirements=$root/scripts/parity/requirements.txt stamp=$venv/parity-requirements.txt
    if cmp -s "$requirements" "$stamp"; then return; fi
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$("$python" --version) is too old: name Python 3.11 or later in PYTHON"
    echo "Python environment: $venv"
    [ -x "$venv/bin/python" ] || "$python" -m venv "$venv" ||
        fail "cannot make $venv: is Python's venv module installed (python3-venv)?"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements" ||
        fail "cannot install scripts/parity/requirements.txt: is there a network, and space on the disk?"
    # The two OpenCV packages share their files; the one without windows needs no display library and has to win.
    "$venv/bin/python" -c 'import cv2' 2>/dev/null ||
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps \
            "$(grep '^opencv-python-headless==' "$requirements")" ||
        fail "cannot install OpenCV without windows: is there a network?"
    cp "$requirements" "$stamp"
}

atrous_binary() {
    if [ -z "${ATROUS:-}" ]; then
        command -v cargo >/dev/null || fail "there is no cargo: install Rust, or name a built binary in ATROUS"
        cargo build --release --locked --manifest-path "$root/Cargo.toml" || fail "cannot build atrous: see above"
        export ATROUS=${CARGO_TARGET_DIR:-$root/target}/release/atrous
    fi
}
